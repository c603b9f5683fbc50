// Walks over the nodes of a graph.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <vector>

namespace zoo {

// The nodes of a block and of the blocks inside it, in their order.
std::vector<torch::jit::Node*> all_nodes(torch::jit::Block& block);

// The graphs of the methods as copies, with every call inlined, in forks too.
std::vector<std::shared_ptr<torch::jit::Graph>> inlined_methods(const torch::jit::Module& module);

// The nodes of the graph and of its forks.
std::vector<torch::jit::Node*> nodes_and_forked(torch::jit::Graph& graph);

// Makes the nodes say that they come from this function, which has to live as long as they do. A node knows
// the functions that were inlined by address, LibTorch's freezing deletes those of submodules with state, and
// an error in the program then reads what was deleted.
void own_call_stacks(torch::jit::Function& function, torch::jit::Graph& graph);

}  // namespace zoo
