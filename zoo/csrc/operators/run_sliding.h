#pragma once

#include "engine/sliding.h"
#include "zoo_ops.h"

namespace zoo::engine {

// Runs a sliding operator over rows that lie one behind the other, [rows][row_floats], on the calling thread
// and, if that is faster, on torch's other threads; out [rows][steps of a row][outputs].
void run_sliding_rows(const SlidingSizes& sizes, const uint8_t* packed, const float* input, int64_t rows,
                      int64_t row_floats, float* out);

// Runs the next steps of a stream, whose sizes have been checked, on the calling thread. Returns false if
// there is no memory for the working space, or if this processor does not have the instruction set.
bool try_advance_sliding(const SlidingSizes& sizes, const uint8_t* packed,
                         const ZooSlidingCall& call) noexcept;

}  // namespace zoo::engine
