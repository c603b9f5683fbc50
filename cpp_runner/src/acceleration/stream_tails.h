// The states of a stream that are tails: the steps of the past that a sliding operator of the engine needs.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <optional>

#include "zoo/manifest.h"

namespace zoo {

// A state that is joined in front of new steps, joined = cat([view of the state, input], 1), goes into a
// sliding operator, and whose next value is the last steps of what was joined.
struct StreamTail {
  torch::jit::Node* join = nullptr;
  torch::jit::Node* slide = nullptr;
  std::int64_t row_axis = 0;   // of the state
  std::int64_t step_axis = 0;  // the axes after it are the floats of a step; other axes have size 1
};

// Finds whether a state is used as a tail, and only so.
std::optional<StreamTail> find_tail(const torch::jit::Value& state, const TensorSpec& spec,
                                    const torch::jit::Value& next_state);

// Lets the operator write the next tail over the state.
void advance_in_place(torch::jit::Graph& graph, torch::jit::Value& state, const StreamTail& tail);

}  // namespace zoo
