#pragma once

#include <torch/csrc/stable/tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "zoo_cells.h"

namespace zoo::engine {

using torch::stable::Tensor;

// `weights` is what nn.LSTM, nn.GRU and nn.RNN keep in _flat_weights: for each layer and direction weight_ih,
// weight_hh, then bias_ih and bias_hh if there are biases, then weight_hr if there is a projection. `op` and
// `nonlinearity` are those of the table of cells.
Tensor pack(std::string_view op, std::string_view nonlinearity, const std::vector<Tensor>& weights,
            bool has_biases, int64_t num_layers, bool bidirectional, const std::string& precision);

// The operator in the form that torch registers, for a cell that has an operator of its own ...
template <Cell CELL>
struct Pack {
  static Tensor run(const std::vector<Tensor>& weights, bool has_biases, int64_t num_layers,
                    bool bidirectional, const std::string& precision) {
    return pack(spec(CELL).op, "", weights, has_biases, num_layers, bidirectional, precision);
  }
};

// ... and for cells that a nonlinearity tells apart.
template <Cell CELL>
  requires(!spec(CELL).nonlinearity.empty())
struct Pack<CELL> {
  static Tensor run(const std::vector<Tensor>& weights, bool has_biases, int64_t num_layers,
                    bool bidirectional, const std::string& precision, const std::string& nonlinearity) {
    return pack(spec(CELL).op, nonlinearity, weights, has_biases, num_layers, bidirectional, precision);
  }
};

// The weights as the kernels see them, dequantized and always with biases; bias_hh is zero where the two
// biases are packed as one sum.
std::vector<Tensor> unpack(const Tensor& packed);

// A copy of int8 weights with fixed ranges of activations: ranges (num_layers * num_directions, 3, 2) has the
// smallest and largest input, hidden state and unprojected hidden state, with 0 between them.
Tensor fix_ranges(const Tensor& packed, const Tensor& ranges);

// [cell (its number in the table of cells), precision (its number in kPrecisionNames), num_layers,
// num_directions, input_size, hidden_size, proj_size]
std::vector<int64_t> packed_sizes(const Tensor& packed);

}  // namespace zoo::engine
