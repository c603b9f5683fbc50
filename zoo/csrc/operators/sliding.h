#pragma once

// Sliding operators (kernels/sliding_views.h) as torch's.

#include <torch/csrc/stable/tensor.h>

#include <optional>
#include <vector>

namespace zoo::engine {

using torch::stable::Tensor;

// Packs log(power spectrum of windowed frames * filters + floor): window (size), filters (size / 2 + 1,
// bands), both float64. With mean and std (bands), float32, the features are standardised. `step` is from a
// frame to the next, in samples.
Tensor pack_log_bands_operator(const Tensor& window, const Tensor& filters, int64_t step, double floor,
                               const std::optional<Tensor>& mean, const std::optional<Tensor>& std);

// Packs a convolution over the steps, whose sums are in float64: weight (outputs, channels, taps) and bias
// (outputs), both float64. `step` is from a window to the next, in steps of the input.
Tensor pack_convolution_operator(const Tensor& weight, const std::optional<Tensor>& bias, int64_t step,
                                 bool relu);

// For frames: input (B, samples) -> (B, T, bands). For a convolution: input (B, N, channels) -> (B, T,
// outputs).
Tensor slide(const Tensor& input, const Tensor& packed);

// [kind, size, step, channels, outputs], size and step in steps of the input, which for frames are samples of
// one channel. Kind 0 is log bands, 1 a convolution.
std::vector<int64_t> sliding_sizes(const Tensor& packed);

}  // namespace zoo::engine
