// Walks over the nodes of a graph.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <vector>

namespace zoo {

// The nodes of a block and of the blocks inside it, in their order.
std::vector<torch::jit::Node*> all_nodes(torch::jit::Block& block);

// Makes the nodes say that they come from this function, which has to live as long as they do. A node knows
// the functions that were inlined by address, LibTorch's freezing deletes those of submodules with state, and
// an error in the program then reads what was deleted.
void own_call_stacks(torch::jit::Function& function, torch::jit::Graph& graph);

}  // namespace zoo
