#pragma once

// One packed matrix: weights, bias, and for int8 scales and sums, laid out as kernels/views.h says.

#include <cstddef>
#include <cstdint>

#include "kernels/views.h"

namespace zoo::engine {

// The most units or columns of a matrix: an int8 sum over the outputs of two directions stays within 32 bits.
inline constexpr int64_t kLargestSize = 1 << 15;

// Sizes and place of a packed matrix of (gates * units, columns) weights.
struct MatrixPlace {
  Precision precision;
  int gates, units, columns;

  int blocks() const { return static_cast<int>(divide_up(units, kBlockUnits)); }
  int groups() const { return static_cast<int>(divide_up(columns, columns_per_group(precision))); }
  size_t channels() const { return static_cast<size_t>(blocks()) * gates * kBlockUnits; }
  size_t weight_bytes() const { return static_cast<size_t>(blocks()) * groups() * gates * kGroupBytes; }
  size_t bytes() const { return weight_bytes() + channels() * 4 * (precision == Precision::int8 ? 3 : 1); }
  // Where the channel of a gate and a unit stands among biases, scales and sums.
  size_t channel(int gate, int unit) const {
    return (static_cast<size_t>(unit / kBlockUnits) * gates + gate) * kBlockUnits + unit % kBlockUnits;
  }

  MatrixView view(const uint8_t* at) const;
};

// Converts weights in PyTorch's layout, (gates * units, columns), to the packed order, and back. The bias is
// the caller's.
void pack_matrix(const MatrixPlace& place, const MatrixView& view, const float* weight);
void unpack_matrix(const MatrixPlace& place, const MatrixView& view, float* weight);

}  // namespace zoo::engine
