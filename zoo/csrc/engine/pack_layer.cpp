// Converts PyTorch's weights, (gates * units, columns), to the packed order of packed_weights.h and back.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "engine/packed_weights.h"

namespace zoo::engine {
namespace {

struct Matrix {
  Precision precision;
  int gates, units, columns;
};

// Bytes of unit 0 of (block, group, gate); a unit takes 4.
size_t group_offset(const Matrix& m, const MatrixView& view, int block, int group, int gate) {
  return ((static_cast<size_t>(block) * view.groups + group) * m.gates + gate) * kGroupBytes;
}

size_t channel_index(const Matrix& m, int gate, int unit) {
  return (static_cast<size_t>(unit / kBlockUnits) * m.gates + gate) * kBlockUnits + unit % kBlockUnits;
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
void pack_row(const Matrix& m, const MatrixView& view, int gate, int unit, const float* row, uint8_t* weights,
              float* scales, int32_t* sums) {
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
    scales[channel_index(m, gate, unit)] = scale;
    sums[channel_index(m, gate, unit)] = sum;
  }
}

void pack_matrix(const Matrix& m, const MatrixView& view, const float* weight) {
  auto* weights = const_cast<uint8_t*>(view.weights);
  for (int gate = 0; gate < m.gates; ++gate) {
    for (int unit = 0; unit < m.units; ++unit) {
      pack_row(m, view, gate, unit, weight + (static_cast<size_t>(gate) * m.units + unit) * m.columns,
               weights, const_cast<float*>(view.scales), const_cast<int32_t*>(view.sums));
    }
  }
}

void unpack_matrix(const Matrix& m, const MatrixView& view, float* weight) {
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
          value = view.scales[channel_index(m, gate, unit)] * static_cast<int8_t>(at[k % per_group]);
        }
      }
    }
  }
}

}  // namespace

void pack_layer(const StackSizes& s, int layer, int direction, const LayerWeights& w, uint8_t* packed) {
  const LayerView view = layer_view(s, layer, direction, packed);
  const int gates = s.gates();
  auto* begin = const_cast<uint8_t*>(view.input.weights);
  const bool last = direction + 1 == s.num_directions;
  const uint8_t* end =
      layer_view(s, last ? layer + 1 : layer, last ? 0 : direction + 1, packed).input.weights;
  std::memset(begin, 0, static_cast<size_t>(end - begin));

  pack_matrix({s.precision, gates, s.hidden_size, s.layer_input_size(layer)}, view.input, w.weight_ih);
  pack_matrix({s.precision, gates, s.hidden_size, s.output_size()}, view.recurrent, w.weight_hh);
  if (s.proj_size > 0) {
    pack_matrix({s.precision, 1, s.proj_size, s.hidden_size}, view.projection, w.weight_hr);
  }
  if (w.bias_ih == nullptr) return;
  auto* input_bias = const_cast<float*>(view.input.bias);
  auto* recurrent_bias = const_cast<float*>(view.recurrent.bias);
  const Matrix m = {s.precision, gates, s.hidden_size, 0};
  for (int gate = 0; gate < gates; ++gate) {
    for (int unit = 0; unit < s.hidden_size; ++unit) {
      const size_t row = static_cast<size_t>(gate) * s.hidden_size + unit;
      const size_t channel = channel_index(m, gate, unit);
      const bool apart = gate == spec(s.cell).gate_with_two_biases;
      input_bias[channel] = apart ? w.bias_ih[row] : w.bias_ih[row] + w.bias_hh[row];
      if (apart) recurrent_bias[channel] = w.bias_hh[row];
    }
  }
}

void unpack_layer(const StackSizes& s, int layer, int direction, const uint8_t* packed,
                  const LayerWeightsOut& w) {
  const LayerView view = layer_view(s, layer, direction, packed);
  const int gates = s.gates();
  unpack_matrix({s.precision, gates, s.hidden_size, s.layer_input_size(layer)}, view.input, w.weight_ih);
  unpack_matrix({s.precision, gates, s.hidden_size, s.output_size()}, view.recurrent, w.weight_hh);
  if (s.proj_size > 0) {
    unpack_matrix({s.precision, 1, s.proj_size, s.hidden_size}, view.projection, w.weight_hr);
  }
  const Matrix m = {s.precision, gates, s.hidden_size, 0};
  for (int gate = 0; gate < gates; ++gate) {
    for (int unit = 0; unit < s.hidden_size; ++unit) {
      const size_t row = static_cast<size_t>(gate) * s.hidden_size + unit;
      const size_t channel = channel_index(m, gate, unit);
      w.bias_ih[row] = view.input.bias[channel];
      w.bias_hh[row] = view.recurrent.bias[channel];
    }
  }
}

}  // namespace zoo::engine
