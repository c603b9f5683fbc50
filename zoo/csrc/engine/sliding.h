#pragma once

// Packed sliding operators (kernels/sliding_views.h): header (64 bytes) | what the kind of operator needs.

#include <cstddef>
#include <cstdint>

#include "kernels/views.h"

namespace zoo::engine {

// Packed operators hold these numbers.
enum class SlidingKind : int32_t { log_bands, convolution };

inline constexpr int kLargestWindow = 1 << 20;  // floats
inline constexpr int kMostSlidingOutputs = 1 << 16;

struct SlidingSizes {
  SlidingKind kind = SlidingKind::log_bands;
  int size = 2;               // of a window, in floats
  int step = 1;               // from a window to the next, in floats
  int channels = 1;           // the floats of a step of the input
  int outputs = 1;            // of a step
  bool relu = false;          // convolution only
  bool standardised = false;  // log bands only, and so are the next two
  int filter_weights = 0;     // of all bands
  double floor = 0.0;

  // The steps that a row of so many floats has.
  int64_t steps(int64_t floats) const { return floats < size ? 0 : (floats - size) / step + 1; }
};

// The largest number of steps that are computed in one go.
inline constexpr int kMostSteps = 48;

// Reads the header and checks what follows. Returns null, or what is wrong with the bytes.
const char* read_sliding_header(const uint8_t* packed, size_t bytes, SlidingSizes* sizes);

// What write_sliding_header() writes; `bytes` is the size of the whole.
void write_sliding_header(const SlidingSizes& sizes, size_t bytes, uint8_t* packed);
inline constexpr size_t kSlidingHeaderBytes = 64;

// Bytes that run_sliding() needs for up to `steps` steps.
size_t sliding_scratch_bytes(const SlidingSizes& sizes, int64_t steps);

// Computes `steps` steps, the first from the window at x; out (steps, outputs). A step's result depends
// neither on the steps beside it nor on how many there are.
void run_sliding(const KernelTable& kernels, const SlidingSizes& sizes, const uint8_t* packed, const float* x,
                 int64_t steps, float* out, uint8_t* scratch) noexcept;

}  // namespace zoo::engine
