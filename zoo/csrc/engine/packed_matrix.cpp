#include "engine/packed_matrix.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace zoo::engine {
namespace {

// Bytes of unit 0 of (block, group, gate); a unit takes 4.
size_t group_offset(const MatrixPlace& m, const MatrixView& view, int block, int group, int gate) {
  return ((static_cast<size_t>(block) * view.groups + group) * m.gates + gate) * kGroupBytes;
}

uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);  // to nearest, ties to even
}

float as_float(uint32_t bits) { return std::bit_cast<float>(bits); }

// The upper half of the word that, with this lower half, is the float nearest to `value`. It is as near as a
// bfloat16 rounded to nearest. A zero or denormal upper half above a nonzero lower half becomes the smallest
// normal number, 1e-38, because denormal numbers are slow on some processors.
uint16_t upper_half(float value, uint16_t low) {
  const uint16_t rounded = to_bfloat16(value);
  if (low == 0 || !std::isfinite(value)) return rounded;
  constexpr int kSmallest = 0x0080, kLargest = 0x7f7f;
  const int sign = rounded & 0x8000, magnitude = std::clamp<int>(rounded & 0x7fff, kSmallest, kLargest);
  int best = magnitude;
  const auto distance = [&](int half) {
    return std::fabs(static_cast<double>(as_float(static_cast<uint32_t>(sign | half) << 16 | low)) - value);
  };
  for (const int half : {magnitude - 1, magnitude + 1}) {
    if (half >= kSmallest && half <= kLargest && distance(half) < distance(best)) best = half;
  }
  return static_cast<uint16_t>(sign | best);
}

float from_bfloat16(uint16_t value) { return as_float(static_cast<uint32_t>(value) << 16); }

// The step of a channel's symmetric quantization; a NaN or an infinity among the weights makes it NaN.
float channel_scale(const float* row, int columns) {
  float largest = 0.0f, bad = 0.0f;
  for (int k = 0; k < columns; ++k) {
    largest = std::max(largest, std::fabs(row[k]));
    bad += row[k] * 0.0f;
  }
  return largest / 127.0f + bad;
}

int8_t to_int8(float value, float scale) {
  const float quantized = scale > 0.0f ? std::nearbyint(value / scale) : 0.0f;
  return static_cast<int8_t>(std::clamp(quantized, -127.0f, 127.0f));
}

// One channel: the row of a gate and a unit.
void pack_row(const MatrixPlace& m, const MatrixView& view, int gate, int unit, const float* row,
              uint8_t* weights, float* scales, int32_t* sums) {
  const int block = unit / kBlockUnits;
  const int per_group = columns_per_group(m.precision);
  const float scale = m.precision == Precision::int8 ? channel_scale(row, m.columns) : 0.0f;
  int32_t sum = 0;
  for (int k = 0; k < m.columns; ++k) {
    const int within = k % per_group;
    uint8_t* at = weights + group_offset(m, view, block, k / per_group, gate) + unit % kBlockUnits * 4;
    if (m.precision == Precision::fp32) {
      std::memcpy(at, &row[k], 4);
    } else if (m.precision == Precision::bf16) {
      uint16_t low = 0;
      if (within == 1) std::memcpy(&low, at, 2);
      const uint16_t value = within == 0 ? to_bfloat16(row[k]) : upper_half(row[k], low);
      std::memcpy(at + 2 * within, &value, 2);
    } else {
      const int8_t value = to_int8(row[k], scale);
      std::memcpy(at + within, &value, 1);
      sum += value;
    }
  }
  if (m.precision == Precision::int8) {
    scales[m.channel(gate, unit)] = scale;
    sums[m.channel(gate, unit)] = sum;
  }
}

}  // namespace

MatrixView MatrixPlace::view(const uint8_t* at) const {
  const auto* bias = reinterpret_cast<const float*>(at + weight_bytes());
  const bool int8 = precision == Precision::int8;
  return {at,
          bias,
          int8 ? bias + channels() : nullptr,
          int8 ? reinterpret_cast<const int32_t*>(bias + 2 * channels()) : nullptr,
          columns,
          groups()};
}

void pack_matrix(const MatrixPlace& m, const MatrixView& view, const float* weight) {
  auto* weights = const_cast<uint8_t*>(view.weights);
  for (int gate = 0; gate < m.gates; ++gate) {
    for (int unit = 0; unit < m.units; ++unit) {
      pack_row(m, view, gate, unit, weight + (static_cast<size_t>(gate) * m.units + unit) * m.columns,
               weights, const_cast<float*>(view.scales), const_cast<int32_t*>(view.sums));
    }
  }
}

void unpack_matrix(const MatrixPlace& m, const MatrixView& view, float* weight) {
  const int per_group = columns_per_group(m.precision);
  for (int gate = 0; gate < m.gates; ++gate) {
    for (int unit = 0; unit < m.units; ++unit) {
      for (int k = 0; k < m.columns; ++k) {
        const uint8_t* at = view.weights + group_offset(m, view, unit / kBlockUnits, k / per_group, gate) +
                            unit % kBlockUnits * 4;
        float& value = weight[(static_cast<size_t>(gate) * m.units + unit) * m.columns + k];
        if (m.precision == Precision::fp32) {
          std::memcpy(&value, at, 4);
        } else if (m.precision == Precision::bf16 && k % per_group == 1) {
          std::memcpy(&value, at, 4);
        } else if (m.precision == Precision::bf16) {
          uint16_t half;
          std::memcpy(&half, at, 2);
          value = from_bfloat16(half);
        } else {
          value = view.scales[m.channel(gate, unit)] * static_cast<int8_t>(at[k % per_group]);
        }
      }
    }
  }
}

}  // namespace zoo::engine
