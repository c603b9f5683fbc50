#include "acceleration/graphs.h"

namespace zoo {
namespace {

void collect(torch::jit::Block& block, std::vector<torch::jit::Node*>& nodes) {
  for (torch::jit::Node* node : block.nodes()) {
    nodes.push_back(node);
    for (torch::jit::Block* inner : node->blocks()) collect(*inner, nodes);
  }
}

}  // namespace

std::vector<torch::jit::Node*> all_nodes(torch::jit::Block& block) {
  std::vector<torch::jit::Node*> nodes;
  collect(block, nodes);
  return nodes;
}

}  // namespace zoo
