#include "acceleration/graphs.h"

namespace zoo {
namespace {

using torch::jit::InlinedCallStack;

void collect(torch::jit::Block& block, std::vector<torch::jit::Node*>& nodes) {
  for (torch::jit::Node* node : block.nodes()) {
    nodes.push_back(node);
    for (torch::jit::Block* inner : node->blocks()) collect(*inner, nodes);
  }
}

// The same places in the source, in the name of another function.
torch::jit::InlinedCallStackPtr renamed(const InlinedCallStack& stack, torch::jit::Function& function) {
  const auto callee = stack.callee();
  if (!callee) return c10::make_intrusive<InlinedCallStack>(&function, stack.source_range());
  return c10::make_intrusive<InlinedCallStack>(renamed(**callee, function), &function, stack.source_range());
}

}  // namespace

std::vector<torch::jit::Node*> all_nodes(torch::jit::Block& block) {
  std::vector<torch::jit::Node*> nodes;
  collect(block, nodes);
  return nodes;
}

void own_call_stacks(torch::jit::Function& function, torch::jit::Graph& graph) {
  for (torch::jit::Node* node : all_nodes(*graph.block())) {
    if (const auto stack = node->callstack()) node->setCallStack(renamed(**stack, function));
    if (node->kind() == c10::prim::fork) own_call_stacks(function, *node->g(c10::attr::Subgraph));
  }
}

}  // namespace zoo
