// Converts PyTorch's weights of a layer and direction to the packed order of packed_weights.h and back.

#include <cstring>

#include "engine/packed_weights.h"

namespace zoo::engine {

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
  const MatrixPlace m = {s.precision, gates, s.hidden_size, 0};
  for (int gate = 0; gate < gates; ++gate) {
    for (int unit = 0; unit < s.hidden_size; ++unit) {
      const size_t row = static_cast<size_t>(gate) * s.hidden_size + unit;
      const size_t channel = m.channel(gate, unit);
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
  const MatrixPlace m = {s.precision, gates, s.hidden_size, 0};
  for (int gate = 0; gate < gates; ++gate) {
    for (int unit = 0; unit < s.hidden_size; ++unit) {
      const size_t row = static_cast<size_t>(gate) * s.hidden_size + unit;
      const size_t channel = m.channel(gate, unit);
      w.bias_ih[row] = view.input.bias[channel];
      w.bias_hh[row] = view.recurrent.bias[channel];
    }
  }
}

}  // namespace zoo::engine
