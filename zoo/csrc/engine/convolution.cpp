#include "engine/convolution.h"

#include <cstring>

namespace zoo::engine {
namespace {

int64_t padded_outputs(const SlidingSizes& s) { return round_up(s.outputs, ConvolutionView::kBlock); }

}  // namespace

size_t convolution_bytes(const SlidingSizes& s) {
  return static_cast<size_t>(padded_outputs(s)) * (static_cast<size_t>(s.size) + 1) * sizeof(double);
}

ConvolutionView convolution_view(const SlidingSizes& s, const uint8_t* data) {
  const auto* weights = reinterpret_cast<const double*>(data);
  return {s.size, s.step, s.outputs, weights, weights + padded_outputs(s) * s.size, s.relu};
}

void pack_convolution(const SlidingSizes& s, const double* weight, const double* bias, uint8_t* packed) {
  const size_t bytes = kSlidingHeaderBytes + convolution_bytes(s);
  std::memset(packed, 0, bytes);
  write_sliding_header(s, bytes, packed);
  const ConvolutionView view = convolution_view(s, packed + kSlidingHeaderBytes);
  auto* weights = const_cast<double*>(view.weights);
  const int taps = s.size / s.channels;
  for (int64_t output = 0; output < s.outputs; ++output) {
    const int64_t block = output / ConvolutionView::kBlock, lane = output % ConvolutionView::kBlock;
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t channel = 0; channel < s.channels; ++channel) {
        weights[(block * s.size + tap * s.channels + channel) * ConvolutionView::kBlock + lane] =
            weight[(output * s.channels + channel) * taps + tap];
      }
    }
    if (bias != nullptr) const_cast<double*>(view.bias)[output] = bias[output];
  }
}

}  // namespace zoo::engine
