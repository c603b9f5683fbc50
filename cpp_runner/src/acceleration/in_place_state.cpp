#include "acceleration/in_place_state.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <string>

#include "acceleration/advance_operator.h"
#include "zoo_cells.h"

namespace zoo {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

bool is_one_of(const std::vector<Value*>& values, const Value* value) {
  return std::ranges::find(values, value) != values.end();
}

// Whether the node takes states of the stream, and only these, to the next step.
bool advances_states(const Node& node, const Graph& graph, const std::vector<Value*>& states) {
  const std::size_t count = count_states(node);
  if (count == 0 || node.owningBlock() != graph.block()) return false;
  for (std::size_t i = 1; i <= count; ++i) {
    if (!is_one_of(states, node.inputs()[i])) return false;
  }
  return torch::jit::constant_as<bool>(node.namedInput("bidirectional")) == false;
}

// The operators that the states go through, each once; none if a state is used in any other way.
std::vector<Node*> find_operators(const Graph& graph, const std::vector<Value*>& states,
                                  const Node& next_states) {
  std::vector<Node*> found;
  if (next_states.kind() != c10::prim::ListConstruct || next_states.inputs().size() != states.size())
    return {};
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i]->uses().size() != 1) return {};
    const auto [node, place] = states[i]->uses().front();
    if (place == 0 || place > count_states(*node) || !advances_states(*node, graph, states)) return {};
    if (next_states.inputs()[i] != node->outputs()[place]) return {};
    if (std::ranges::find(found, node) == found.end()) found.push_back(node);
  }
  return found;
}

void write_in_place(Graph& graph, Node& node) {
  const torch::jit::WithInsertPoint here(&node);
  Value* c = count_states(node) == 2 ? node.inputs()[2] : graph.insertConstant(c10::IValue());
  Node* advance = graph.create(
      advance_operator(),
      {node.inputs()[0], node.inputs()[1], c, node.namedInput("packed"), node.namedInput("batch_first")});
  advance->output()->setType(c10::TensorType::get());
  graph.insertNode(advance);
  node.outputs()[0]->replaceAllUsesWith(advance->output());
  for (std::size_t i = 1; i <= count_states(node); ++i) {  // the state has become the next state
    node.outputs()[i]->replaceAllUsesWith(node.inputs()[i]);
  }
  node.destroy();
}

}  // namespace

std::size_t count_states(const Node& node) {
  const std::string name = node.kind().toQualString();
  for (const engine::CellSpec& cell : engine::kCells) {
    if (name == "zoo::" + std::string(cell.op)) return cell.has_c ? 2 : 1;
  }
  return 0;
}

bool keep_states_in_place(Graph& graph, const std::vector<Value*>& states) {
  Node& result = *graph.outputs()[0]->node();
  if (result.kind() != c10::prim::TupleConstruct || result.inputs().size() != 2) return false;
  Value* output = result.inputs()[0];
  Value* next_states = result.inputs()[1];
  if (next_states->uses().size() != 1) return false;
  const std::vector<Node*> operators = find_operators(graph, states, *next_states->node());
  if (operators.empty()) return false;
  graph.eraseOutput(0);
  result.destroy();
  next_states->node()->destroy();
  graph.registerOutput(output);
  for (Node* node : operators) write_in_place(graph, *node);
  return true;
}

}  // namespace zoo
