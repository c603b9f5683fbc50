// The one symbol of the operator library. Operators register themselves when the library is loaded and are
// found by name, so a linker that drops unused libraries drops this one too, unless the program calls
// something in it.
#pragma once

extern "C" __attribute__((visibility("default"))) const char* zoo_ops_namespace();
