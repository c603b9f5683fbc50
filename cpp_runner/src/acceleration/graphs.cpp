#include "acceleration/graphs.h"

#include <torch/csrc/jit/passes/inliner.h>

#include <cstddef>

namespace zoo {
namespace {

using torch::jit::InlinedCallStack;

void collect(torch::jit::Block& block, std::vector<torch::jit::Node*>& nodes) {
  for (torch::jit::Node* node : block.nodes()) {
    nodes.push_back(node);
    for (torch::jit::Block* inner : node->blocks()) collect(*inner, nodes);
  }
}

// Forks have their code in graphs of their own.
void inline_calls(torch::jit::Graph& graph) {
  torch::jit::Inline(graph);
  for (torch::jit::Node* node : all_nodes(*graph.block())) {
    if (node->kind() == c10::prim::fork) inline_calls(*node->g(c10::attr::Subgraph));
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

std::vector<std::shared_ptr<torch::jit::Graph>> inlined_methods(const torch::jit::Module& module) {
  std::vector<std::shared_ptr<torch::jit::Graph>> graphs;
  for (const auto& method : module.get_methods()) {
    graphs.push_back(method.graph()->copy());
    inline_calls(*graphs.back());
  }
  return graphs;
}

std::vector<torch::jit::Node*> nodes_and_forked(torch::jit::Graph& graph) {
  std::vector<torch::jit::Node*> nodes = all_nodes(*graph.block());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i]->kind() != c10::prim::fork) continue;
    const auto inner = all_nodes(*nodes[i]->g(c10::attr::Subgraph)->block());
    nodes.insert(nodes.end(), inner.begin(), inner.end());
  }
  return nodes;
}

void own_call_stacks(torch::jit::Function& function, torch::jit::Graph& graph) {
  for (torch::jit::Node* node : all_nodes(*graph.block())) {
    if (const auto stack = node->callstack()) node->setCallStack(renamed(**stack, function));
    if (node->kind() == c10::prim::fork) own_call_stacks(function, *node->g(c10::attr::Subgraph));
  }
}

}  // namespace zoo
