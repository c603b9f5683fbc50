// The symbols of the operator library besides what torch finds in it.
#pragma once

#include <cstdint>

// Operators register themselves when the library is loaded and are found by name, so a linker that drops
// unused libraries drops this one too, unless the program calls something in it.
extern "C" __attribute__((visibility("default"))) const char* zoo_ops_namespace();

// What the calls below return: done; no memory for the working space; sizes that are not those of the packed
// weights.
enum ZooStatus { kZooDone = 0, kZooNoMemory = 1, kZooUnfit = 2 };

// Runs a call that the operator zoo::bind has checked; `call` are the bytes that it returned. Returns a
// ZooStatus, never kZooUnfit.
extern "C" __attribute__((visibility("default"))) int zoo_run_bound_call(const void* call) noexcept;

// The next steps of a stream through a stack of one direction. The state is read and written in place.
struct ZooStreamCall {
  const void* packed;  // what the pack operators make
  std::int64_t packed_bytes;
  std::int64_t steps, batch, num_layers, input_size, hidden_size, output_size;
  const float* input;  // [steps][batch][input_size] with these strides, of which the last is 1
  std::int64_t input_step_stride, input_row_stride;
  float* output;  // [steps][batch][output_size], likewise
  std::int64_t output_step_stride, output_row_stride;
  float* h;  // [num_layers][batch][output_size]
  float* c;  // [num_layers][batch][hidden_size]; null where there is none
};

// Returns a ZooStatus.
extern "C" __attribute__((visibility("default"))) int zoo_run_stream_call(const ZooStreamCall* call) noexcept;
