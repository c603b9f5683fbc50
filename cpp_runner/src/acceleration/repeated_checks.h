// Checks before a recurrent operator that the engine's operator makes again: nn.LSTM and its kin ask for the
// shapes of their input and states in TorchScript, which costs a short call more than the operator's own
// questions.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <vector>

namespace zoo {

// What a padded operator insists on: input (*, *, input_size), states (rows, batch, size of this state).
struct ExpectedShapes {
  const torch::jit::Value* input;
  std::int64_t batch_axis;
  std::int64_t input_size;
  std::int64_t rows;
  struct State {
    const torch::jit::Value* value;
    std::int64_t size;
  };
  std::vector<State> states;
};

// Removes, from the block of `op` and before it, what raises an error for other shapes and does nothing else.
void drop_repeated_checks(torch::jit::Node& op, const ExpectedShapes& shapes);

}  // namespace zoo
