#pragma once

// A convolution over the steps, with sums in double precision. Every tile adds the products in the same
// order, so a result does not depend on how many windows are computed at once.

#include <algorithm>

#include "kernels/simd.h"
#include "kernels/sliding_views.h"

namespace zoo::engine::ZOO_ISA {

// ROWS windows from x on by BLOCKS blocks of outputs from `block` on.
template <int ROWS, int BLOCKS>
inline void convolve_tile(const ConvolutionView& view, const double* x, int block, float* out) {
  constexpr int kVectors = ConvolutionView::kBlock / kDoubles;
  const int64_t block_weights = static_cast<int64_t>(view.size) * ConvolutionView::kBlock;
  const double* weights = view.weights + block * block_weights;
  Doubles sums[ROWS][BLOCKS][kVectors];
  for (int r = 0; r < ROWS; ++r) {
    for (int b = 0; b < BLOCKS; ++b) {
      for (int v = 0; v < kVectors; ++v) {
        sums[r][b][v] = load(view.bias + (block + b) * ConvolutionView::kBlock + v * kDoubles);
      }
    }
  }
  for (int64_t k = 0; k < view.size; ++k) {
    for (int b = 0; b < BLOCKS; ++b) {
      for (int v = 0; v < kVectors; ++v) {
        const Doubles weight = load(weights + b * block_weights + k * ConvolutionView::kBlock + v * kDoubles);
        for (int r = 0; r < ROWS; ++r) {
          sums[r][b][v] =
              dot_add(weight, broadcast(x[static_cast<int64_t>(r) * view.step + k]), sums[r][b][v]);
        }
      }
    }
  }
  for (int r = 0; r < ROWS; ++r) {
    for (int b = 0; b < BLOCKS; ++b) {
      for (int v = 0; v < kVectors; ++v) {
        const int first = (block + b) * ConvolutionView::kBlock + v * kDoubles;
        const Doubles sum = view.relu ? max(broadcast(0.0), sums[r][b][v]) : sums[r][b][v];
        float narrow[kDoubles];
        store_narrowed(narrow, sum);
        float* to = out + static_cast<int64_t>(r) * view.outputs + first;
        for (int i = 0; i < std::min(kDoubles, view.outputs - first); ++i) to[i] = narrow[i];
      }
    }
  }
}

// The windows of `count` steps, the first at x; out (count, outputs).
inline void convolve(const ConvolutionView& view, const double* x, int count, float* out) noexcept {
  const int blocks = (view.outputs + ConvolutionView::kBlock - 1) / ConvolutionView::kBlock;
  const auto window = [&](int row) { return x + static_cast<int64_t>(row) * view.step; };
  const auto results = [&](int row) { return out + static_cast<int64_t>(row) * view.outputs; };
  // A window alone takes two blocks at once: one has too few sums to hide the latency of the additions.
  const int paired = count == 1 ? blocks / 2 * 2 : 0;
  for (int block = 0; block < paired; block += 2) convolve_tile<1, 2>(view, x, block, out);
  for (int block = paired; block < blocks; ++block) {
    int row = 0;
    for (; row + 3 <= count; row += 3) convolve_tile<3, 1>(view, window(row), block, results(row));
    for (; row < count; ++row) convolve_tile<1, 1>(view, window(row), block, results(row));
  }
}

}  // namespace zoo::engine::ZOO_ISA
