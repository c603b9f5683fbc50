// The symbols of the operator library besides what torch finds in it.
#pragma once

// Operators register themselves when the library is loaded and are found by name, so a linker that drops
// unused libraries drops this one too, unless the program calls something in it.
extern "C" __attribute__((visibility("default"))) const char* zoo_ops_namespace();

// Runs a call that the operator zoo::bind has checked; `call` are the bytes that it returned. Returns 0, or 1
// where there is no memory.
extern "C" __attribute__((visibility("default"))) int zoo_run_bound_call(const void* call) noexcept;
