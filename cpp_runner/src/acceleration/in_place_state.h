// A stream's state stays where it is: the engine's operators read and write the very tensors that the caller
// holds, in the place of new ones for each step.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <vector>

namespace zoo {

// How many states a node takes and gives: 2 for zoo::lstm, 1 for zoo::gru and zoo::rnn, 0 for anything else.
// A state and its next one stand at the same place, after the input and the output:
// zoo::lstm(input, h_0, c_0, packed, bidirectional, batch_first) -> (output, h_n, c_n).
std::size_t count_states(const torch::jit::Node& node);

// Of a graph that gives (output, states): where every state goes into an operator of the engine and nowhere
// else, and the graph gives what comes out there as the next state, has the operators write it in its place,
// lets the graph give the output alone, and returns true. Leaves any other graph as it is.
bool keep_states_in_place(torch::jit::Graph& graph, const std::vector<torch::jit::Value*>& states);

}  // namespace zoo
