#include "acceleration/sliding_fusion.h"

#include <torch/csrc/jit/ir/alias_analysis.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "acceleration/graphs.h"
#include "acceleration/packing.h"
#include "acceleration/sliding_patterns.h"

namespace zoo {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

constexpr auto kFloat = static_cast<std::int64_t>(at::kFloat);

std::vector<SlidingChain> find_chains(Graph& graph) {
  std::vector<SlidingChain> chains;
  for (Node* node : all_nodes(*graph.block())) {
    auto chain = find_log_bands(*node);
    if (!chain) chain = find_convolution(*node);
    if (chain) chains.push_back(std::move(*chain));
  }
  return chains;
}

// The engine's operator stands where the chain ends, and reads there what the chain read where it began.
// Whether a node between the two writes to that.
bool is_written(const torch::jit::AliasDb& aliases, const SlidingChain& chain) {
  torch::jit::ValueSet read{chain.input};
  for (Node* node : chain.nodes) read.insert(node->output());
  for (Node* node = chain.nodes.front(); node != chain.nodes.back(); node = node->next()) {
    if (aliases.writesToAlias(node, read)) return true;  // or a node inside it
  }
  return false;
}

// Whether the engine takes the input, at the graph's insert point.
Value* insert_condition(Graph& graph, const SlidingChain& chain) {
  namespace aten = c10::aten;
  namespace prim = c10::prim;
  const auto equal = [&](Value* value, std::int64_t expected) {
    return graph.insert(aten::eq, {value, expected});
  };
  const auto both = [&](Value* a, Value* b) { return graph.insert(aten::__and__, {a, b}); };
  Value* floats = both(equal(graph.insert(prim::dtype, {chain.input}), kFloat), equal(chain.dtype, kFloat));
  Value* place = both(graph.insert(c10::Symbol::prim("is_cpu"), {chain.input}),
                      equal(graph.insert(aten::dim, {chain.input}), chain.rank));
  Value* gradients = graph.insert(c10::Symbol::prim("requires_grad"), {chain.input});
  return both(both(floats, place), graph.insert(aten::__not__, {gradients}));
}

// The engine's operator, in a block of its own.
void fill_with_operator(Graph& graph, Block& block, const SlidingChain& chain) {
  const torch::jit::WithInsertPoint inside(&block);
  const auto turn = [&](Value* value) { return graph.insert(c10::aten::transpose, {value, 1, 2}); };
  Value* input = chain.transposes_input ? turn(chain.input) : chain.input;
  Node* slide =
      graph.insertNode(graph.create(sliding_operator(), {input, graph.insertConstant(chain.packed)}, 1));
  slide->copyMetadata(chain.nodes.back());
  Value* output = slide->output()->setType(c10::TensorType::get());
  if (chain.transposes_output)
    output = graph.insert(c10::aten::contiguous, {turn(output)});  // as LibTorch's is
  block.registerOutput(output);
}

void fill_with_chain(Graph& graph, Block& block, const SlidingChain& chain) {
  std::unordered_map<Value*, Value*> copies;
  const auto copy_of = [&](Value* value) {
    const auto copy = copies.find(value);
    return copy == copies.end() ? value : copy->second;
  };
  for (Node* node : chain.nodes) {
    Node* copy = block.appendNode(graph.createClone(node, copy_of));
    copies[node->output()] = copy->output();
  }
  block.registerOutput(copy_of(chain.nodes.back()->output()));
}

// Returns the value that stands for the chain's result, which is no more.
Value* replace(Graph& graph, const SlidingChain& chain) {
  Node& last = *chain.nodes.back();
  const torch::jit::WithInsertPoint here(&last);
  Node* choice = graph.create(c10::prim::If, {insert_condition(graph, chain)}, 1);
  choice->copyMetadata(&last)->insertBefore(&last);
  fill_with_operator(graph, *choice->addBlock(), chain);
  fill_with_chain(graph, *choice->addBlock(), chain);
  choice->output()->setType(last.output()->type());
  last.output()->replaceAllUsesWith(choice->output());
  for (auto node = chain.nodes.rbegin(); node != chain.nodes.rend(); ++node) (*node)->destroy();
  return choice->output();
}

void count(const at::Tensor& packed, std::vector<FusedOperator>& fused) {
  FusedOperator one = describe_sliding(packed);
  const auto known = std::ranges::find_if(fused, [&](const FusedOperator& other) {
    return other.op == one.op && other.size == one.size && other.step == one.step &&
           other.channels == one.channels && other.outputs == one.outputs;
  });
  if (known == fused.end()) {
    fused.push_back(std::move(one));
  } else {
    ++known->calls;
  }
}

}  // namespace

void fuse_sliding(const std::shared_ptr<Graph>& graph, std::vector<FusedOperator>& fused) {
  std::vector<SlidingChain> chains = find_chains(*graph);
  if (chains.empty()) return;
  std::vector<bool> written;
  {
    const torch::jit::AliasDb aliases(graph);
    for (const SlidingChain& chain : chains) written.push_back(is_written(aliases, chain));
  }
  for (std::size_t i = 0; i < chains.size(); ++i) {
    if (written[i]) continue;
    const Value* before = chains[i].nodes.back()->output();
    Value* after = replace(*graph, chains[i]);
    for (SlidingChain& chain : chains) {
      if (chain.input == before) chain.input = after;
    }
    count(chains[i].packed, fused);
  }
}

}  // namespace zoo
