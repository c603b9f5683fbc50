#include "acceleration/in_place_state.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "acceleration/advance_operator.h"
#include "acceleration/stream_tails.h"
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

// The recurrent operator that takes a state to its next value; null if it is used in any other way.
Node* find_recurrent(const Graph& graph, const std::vector<Value*>& states, const Value& state,
                     const Value& next_state) {
  if (state.uses().size() != 1) return nullptr;
  const auto [node, place] = state.uses().front();
  if (place == 0 || place > count_states(*node) || !advances_states(*node, graph, states)) return nullptr;
  return &next_state == node->outputs()[place] ? node : nullptr;
}

// The operators that the states go through.
struct Operators {
  std::vector<Node*> recurrent;  // each once
  std::vector<std::pair<Value*, StreamTail>> tails;
};
std::optional<Operators> find_operators(const Graph& graph, const std::vector<Value*>& states,
                                        const std::vector<TensorSpec>& specs, const Node& next_states) {
  if (next_states.kind() != c10::prim::ListConstruct || next_states.inputs().size() != states.size())
    return std::nullopt;
  Operators found;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Value& next = *next_states.inputs()[i];
    if (Node* node = find_recurrent(graph, states, *states[i], next)) {
      if (std::ranges::find(found.recurrent, node) == found.recurrent.end()) found.recurrent.push_back(node);
    } else if (const auto tail = find_tail(*states[i], specs[i], next)) {
      found.tails.emplace_back(states[i], *tail);
    } else {
      return std::nullopt;
    }
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

bool keep_states_in_place(const std::shared_ptr<Graph>& graph, const std::vector<Value*>& states,
                          const std::vector<TensorSpec>& specs) {
  Node& result = *graph->outputs()[0]->node();
  if (result.kind() != c10::prim::TupleConstruct || result.inputs().size() != 2) return false;
  Value* output = result.inputs()[0];
  Value* next_states = result.inputs()[1];
  if (next_states->uses().size() != 1) return false;
  const auto operators = find_operators(*graph, states, specs, *next_states->node());
  if (!operators) return false;
  graph->eraseOutput(0);
  result.destroy();
  next_states->node()->destroy();
  graph->registerOutput(output);
  for (Node* node : operators->recurrent) write_in_place(*graph, *node);
  for (const auto& [state, tail] : operators->tails) advance_in_place(*graph, *state, tail);
  torch::jit::EliminateDeadCode(graph);  // what computed the next tails
  return true;
}

}  // namespace zoo
