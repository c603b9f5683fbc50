// The weights of a recurrent operator in a frozen graph. They can be taken only if all of them are constants.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "zoo_cells.h"

namespace zoo {

// A recurrent operator that has to stay as it is; the message is the reason.
class Unmatched : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RecurrentWeights {
  engine::Cell cell{};
  std::string origin;               // what the file holds: "float32", "float16" or "int8"
  std::vector<at::Tensor> tensors;  // float32, in the order of nn.LSTM's _flat_weights
  bool has_biases = true;
  std::int64_t num_layers = 1;
  bool bidirectional = false;
};

// How the operator is called.
enum class CallForm { padded, packed_sequence, cell };

struct RecurrentOperator {
  engine::Cell cell{};
  CallForm form = CallForm::padded;
  bool quantized = false;  // by PyTorch
};

// Which recurrent operator a node is; none if it is something else. Throws Unmatched for a form of a
// recurrent operator that today's PyTorch modules do not write.
std::optional<RecurrentOperator> find_recurrent_operator(const torch::jit::Node& node);

// Throws Unmatched if the engine cannot run the operator with these weights.
RecurrentWeights take_weights(torch::jit::Node& node, const RecurrentOperator& op);

}  // namespace zoo
