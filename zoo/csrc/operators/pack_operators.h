#pragma once

#include <torch/csrc/stable/tensor.h>

#include <string>
#include <vector>

namespace zoo {

using torch::stable::Tensor;

// `weights` is what nn.LSTM, nn.GRU and nn.RNN keep in _flat_weights: for each layer and direction weight_ih,
// weight_hh, then bias_ih, bias_hh if there are biases, then weight_hr if there is a projection.
Tensor pack_lstm(const std::vector<Tensor>& weights, bool has_biases, int64_t num_layers, bool bidirectional,
                 const std::string& precision);
Tensor pack_gru(const std::vector<Tensor>& weights, bool has_biases, int64_t num_layers, bool bidirectional,
                const std::string& precision);
Tensor pack_rnn(const std::vector<Tensor>& weights, bool has_biases, int64_t num_layers, bool bidirectional,
                const std::string& precision, const std::string& nonlinearity);

// The weights as the kernels see them, dequantized, always with biases; bias_hh is zero where the two are
// packed as one sum.
std::vector<Tensor> unpack(const Tensor& packed);

// [cell (lstm 0, gru 1, rnn_tanh 2, rnn_relu 3), precision (fp32 0, bf16 1, int8 2), num_layers,
// num_directions,
//  input_size, hidden_size, proj_size]
std::vector<int64_t> packed_sizes(const Tensor& packed);

}  // namespace zoo
