// Keeps a stream's state in place: the engine's operators read and write the caller's tensors, and each step
// makes no new ones.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "zoo/manifest.h"

namespace zoo {

// How many states a node takes and returns: 2 or 1 for a padded operator of the engine, 0 for anything else.
// Among the arguments a state has the place that the next state has among the results: zoo::lstm(input, h_0,
// c_0, packed, bidirectional, batch_first) -> (output, h_n, c_n).
std::size_t count_states(const torch::jit::Node& node);

// Changes a graph that returns (output, states) so that its operators write the next states over the states
// and the graph returns the output alone. This is possible if every state goes into a recurrent operator of
// the engine and nowhere else, and the graph returns that operator's result as the next state; or if it is
// the tail of a sliding operator (stream_tails.h). Otherwise the graph stays as it is. `specs` are those of
// the states. Returns whether the graph was changed.
bool keep_states_in_place(const std::shared_ptr<torch::jit::Graph>& graph,
                          const std::vector<torch::jit::Value*>& states,
                          const std::vector<TensorSpec>& specs);

}  // namespace zoo
