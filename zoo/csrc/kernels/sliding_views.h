#pragma once

// What the kernels of sliding operators see. A sliding operator computes each step of its output from a
// window of its input, and the windows of two steps begin a fixed number of floats apart.

#include <cstdint>

namespace zoo::engine {

// The discrete Fourier transform of complex numbers, as stages of butterflies whose radices multiply to
// `length`.
struct FourierView {
  static constexpr int kMostStages = 32;
  int length;
  int stages;
  int radices[kMostStages];
  const double* twiddles;  // stage after stage, see twiddle_count()
};

// A stage with `rest` = (length of its transforms) / radix has [radix - 1][re, im][rest] twiddles, and one of
// a radix without a butterfly of its own also [re, im][radix] roots.
constexpr bool has_butterfly(int radix) { return radix <= 5; }
constexpr int64_t twiddle_count(int radix, int rest) {
  return 2 * (static_cast<int64_t>(radix - 1) * rest + (has_butterfly(radix) ? 0 : radix));
}

// log(power spectrum of the windowed frame * filters + floor), then standardised.
struct LogBandsView {
  int size;                // of a frame in samples, even
  const double* window;    // half of it: first that of the even samples, then that of the odd ones
  FourierView fourier;     // of size / 2
  const double* rotation;  // exp(-2 pi i k / size) as re, then im, for k = 0 ... size / 4
  int bands;
  const int32_t* first;   // the bin where each band begins
  const int32_t* counts;  // how many bins it has, a multiple of 4
  const double* filters;  // band after band
  double floor;
  const float* mean;  // null: the features are not standardised
  const float* std;
};

// Where the bins of a spectrum lie in the kernel's working memory, and how much of that there is. Zeros
// follow the bins, so that a band can have a multiple of 4 of them.
constexpr int64_t padded_bins(int size) { return (size / 2 + 1 + 3) / 4 * 4 + 4; }
constexpr int64_t log_bands_work(int size) { return 2 * static_cast<int64_t>(size) + padded_bins(size); }

// Sums of products of a window with the weights of each output, in double precision.
struct ConvolutionView {
  static constexpr int kBlock = 16;  // outputs
  int size;                          // of a window
  int step;                          // from a window to the next
  int outputs;
  const double* weights;  // [block][size][16]
  const double* bias;     // [block][16]
  bool relu;
};

}  // namespace zoo::engine
