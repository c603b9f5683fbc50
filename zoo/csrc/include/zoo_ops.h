// The C interface of the operator library. Its operators are not here: torch finds them by name.
#pragma once

#include <cstdint>

// The namespace of the operators. Operators register themselves when the library is loaded, so a program
// calls none of them directly; this call keeps a linker that drops unused libraries from dropping this one.
extern "C" __attribute__((visibility("default"))) const char* zoo_ops_namespace();

// What the calls below return: the call is done, there is no memory for its working space, or its sizes are
// not those of the packed weights.
enum ZooStatus { kZooDone = 0, kZooNoMemory = 1, kZooUnfit = 2 };

// Runs a call that the operator zoo::bind has checked; `call` points to the bytes that zoo::bind returned.
// Returns a ZooStatus, never kZooUnfit.
extern "C" __attribute__((visibility("default"))) int zoo_run_bound_call(const void* call) noexcept;

// The next steps of a stream through a stack of one direction. The state is read and written in place.
struct ZooStreamCall {
  const void* packed;  // what the pack operators make
  std::int64_t packed_bytes;
  std::int64_t steps, batch, num_layers, input_size, hidden_size, output_size;
  const float*
      input;  // [steps][batch][input_size] with these strides; the features of a step lie side by side
  std::int64_t input_step_stride, input_row_stride;
  float* output;  // [steps][batch][output_size], in the same way
  std::int64_t output_step_stride, output_row_stride;
  float* h;  // [num_layers][batch][output_size]
  float* c;  // [num_layers][batch][hidden_size]; null unless the cell has a c
};

// Returns a ZooStatus.
extern "C" __attribute__((visibility("default"))) int zoo_run_stream_call(const ZooStreamCall* call) noexcept;

// The next steps of a stream through a sliding operator: each row of the input is joined to what was kept of
// its past, and what the next call needs is kept. Past and input of a row are floats side by side.
struct ZooSlidingCall {
  const void* packed;  // what pack_log_bands or pack_convolution makes
  std::int64_t packed_bytes;
  std::int64_t rows;
  std::int64_t input_floats;  // of a row
  const float* input;         // [rows][input_floats]
  float* output;              // [rows][output_floats]
  std::int64_t output_floats;
  // The past of a row is `tail_pieces` pieces of `piece_floats` floats, at tail + row * tail_row_stride +
  // piece * tail_piece_stride.
  float* tail;
  std::int64_t tail_pieces, piece_floats, tail_row_stride, tail_piece_stride;
};

// Returns a ZooStatus.
extern "C" __attribute__((visibility("default"))) int zoo_run_sliding_call(
    const ZooSlidingCall* call) noexcept;
