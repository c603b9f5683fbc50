// Removes checks before a recurrent operator that the engine's operator makes again. nn.LSTM, nn.GRU and
// nn.RNN check the shapes of their input and states in TorchScript, which takes a short call longer than the
// operator's own checks.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <vector>

namespace zoo {

// The shapes that a padded operator accepts: input (*, *, input_size), states (rows, batch, size of this
// state).
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

// Removes what stands before `op` in its block and only raises an error for other shapes.
void drop_repeated_checks(torch::jit::Node& op, const ExpectedShapes& shapes);

}  // namespace zoo
