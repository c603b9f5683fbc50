#pragma once

// The operators that run packed weights. A stack has its layers and directions inside one call.
// Shapes: input (seq_len, batch, input_size), or (batch, seq_len, input_size) with batch_first; h_0 and h_n
// (num_layers * num_directions, batch, output_size), c_0 and c_n the same with hidden_size, where output_size
// is proj_size or else hidden_size. Packed sequences: data (sum of batch_sizes, input_size), batch_sizes
// (seq_len) int64 on the CPU, never increasing.

#include <torch/csrc/stable/tensor.h>

#include <tuple>

namespace zoo {

using torch::stable::Tensor;

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                                        const Tensor& packed, bool bidirectional, bool batch_first);
std::tuple<Tensor, Tensor> gru(const Tensor& input, const Tensor& h_0, const Tensor& packed,
                               bool bidirectional, bool batch_first);
std::tuple<Tensor, Tensor> rnn(const Tensor& input, const Tensor& h_0, const Tensor& packed,
                               bool bidirectional, bool batch_first);

std::tuple<Tensor, Tensor, Tensor> lstm_packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                                        const Tensor& h_0, const Tensor& c_0,
                                                        const Tensor& packed, bool bidirectional);
std::tuple<Tensor, Tensor> gru_packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                               const Tensor& h_0, const Tensor& packed, bool bidirectional);
std::tuple<Tensor, Tensor> rnn_packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                               const Tensor& h_0, const Tensor& packed, bool bidirectional);

// One step of one layer: input (batch, input_size), h_0 (batch, output_size), c_0 (batch, hidden_size).
std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                                     const Tensor& packed);
Tensor gru_cell(const Tensor& input, const Tensor& h_0, const Tensor& packed);
Tensor rnn_cell(const Tensor& input, const Tensor& h_0, const Tensor& packed);

}  // namespace zoo
