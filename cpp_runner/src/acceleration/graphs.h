// Walks over the nodes of a graph.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <vector>

namespace zoo {

// The nodes of a block and of the blocks inside it, in their order.
std::vector<torch::jit::Node*> all_nodes(torch::jit::Block& block);

}  // namespace zoo
