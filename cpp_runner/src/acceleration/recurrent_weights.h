// The weights of a recurrent operator in a frozen graph, taken out where all of them are constants.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace zoo {

// A recurrent operator that has to stay as it is; the message is the reason.
class Unmatched : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RecurrentWeights {
  std::string cell;                 // "lstm", "gru", "rnn_tanh" or "rnn_relu"
  std::string origin;               // what the file holds: "float32", "float16" or "int8"
  std::vector<at::Tensor> tensors;  // float32, in the order of nn.LSTM's _flat_weights
  bool has_biases = true;
  std::int64_t num_layers = 1;
  bool bidirectional = false;
};

// How the operator is called.
enum class Layout { padded, packed_sequence, cell };

struct RecurrentOperator {
  std::string cell;
  Layout layout = Layout::padded;
  bool quantized = false;
};

// What kind of recurrent operator a node is; none where it is something else. Throws Unmatched where it is a
// recurrent operator of a form that no PyTorch module writes any more.
std::optional<RecurrentOperator> find_recurrent_operator(const torch::jit::Node& node);

// Throws Unmatched.
RecurrentWeights take_weights(torch::jit::Node& node, const RecurrentOperator& op);

}  // namespace zoo
