#include "acceleration/stream_graph.h"

#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/common_subexpression_elimination.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/loop_unrolling.h>
#include <torch/csrc/jit/passes/lower_tuples.h>
#include <torch/csrc/jit/passes/peephole.h>
#include <torch/csrc/jit/passes/remove_mutation.h>
#include <torch/csrc/jit/passes/shape_analysis.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "acceleration/graphs.h"
#include "acceleration/in_place_state.h"
#include "acceleration/packing.h"

namespace zoo {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

// (Tensor, List[Tensor])
bool is_output_and_states(const c10::Type& type) {
  if (type.kind() != c10::TypeKind::TupleType || type.containedTypes().size() != 2) return false;
  const c10::Type& states = *type.containedTypes()[1];
  return type.containedTypes()[0]->isSubtypeOf(*c10::TensorType::get()) &&
         states.kind() == c10::TypeKind::ListType &&
         states.containedTypes()[0]->isSubtypeOf(*c10::TensorType::get());
}

// forward(self, input: Tensor, lengths: Optional[Tensor], state: Optional[List[Tensor]]) -> (Tensor,
// List[Tensor])
bool keeps_the_contract(const Graph& graph) {
  constexpr std::size_t arguments = 4;
  const auto state_type = c10::OptionalType::create(c10::ListType::ofTensors());
  return graph.inputs().size() == arguments &&
         graph.inputs()[1]->type()->isSubtypeOf(*c10::TensorType::get()) &&
         graph.inputs()[2]->type()->kind() == c10::TypeKind::OptionalType &&
         *graph.inputs()[3]->type() == *state_type && is_output_and_states(*graph.outputs()[0]->type());
}

// What is known of a tensor before the call: its dtype, its device and its number of dimensions.
c10::TensorTypePtr type_of(const TensorSpec& spec) {
  const auto dtype = spec.dtype == DType::float32 ? std::optional(at::kFloat)
                     : spec.dtype == DType::int64 ? std::optional(at::kLong)
                                                  : std::nullopt;
  return c10::TensorType::create(dtype, c10::Device(c10::kCPU), spec.dims.size(), std::nullopt);
}

// A tensor whose shape is checked before each call.
struct CheckedTensor {
  Value* value;
  const TensorSpec* spec;
};

// The sizes of such tensors as values of the graph: a constant if the manifest fixes the size, otherwise one
// value for all dimensions of the same name.
class Sizes {
 public:
  Sizes(Graph& graph, std::vector<CheckedTensor> tensors) : graph_(graph), tensors_(std::move(tensors)) {
    const torch::jit::WithInsertPoint begin(*graph.nodes().begin());
    const CheckedTensor& input = tensors_.front();
    for (std::size_t axis = 0; axis < input.spec->dims.size(); ++axis) {
      const Dim& dim = input.spec->dims[axis];
      if (dim.fixed()) continue;
      named_.emplace_back(dim.name, graph.insert(c10::aten::size, {input.value, static_cast<int64_t>(axis)}));
    }
  }

  // Replaces questions for a size by the size, where it is known.
  void fold() {
    for (const CheckedTensor& tensor : tensors_) {
      for (const torch::jit::Use& use : std::vector(tensor.value->uses())) {
        if (use.user->kind() != c10::aten::size || use.user->inputs().size() != 2) continue;
        fold_size(*tensor.spec, *use.user);
      }
    }
    for (const auto& [name, size] : named_) fold_emptiness(*size);
  }

 private:
  // The value of one dimension; null if the input has no dimension of that name.
  Value* value_of(const Dim& dim) {
    if (dim.fixed()) return graph_.insertConstant(dim.size);
    const auto named = std::ranges::find(named_, dim.name, [](const auto& entry) { return entry.first; });
    return named == named_.end() ? nullptr : named->second;
  }

  void fold_size(const TensorSpec& spec, Node& size) {
    const auto rank = static_cast<std::int64_t>(spec.dims.size());
    const auto axis = torch::jit::constant_as<std::int64_t>(size.inputs()[1]);
    if (!axis || *axis < -rank || *axis >= rank) return;
    const torch::jit::WithInsertPoint here(&size);
    Value* known = value_of(spec.dims[static_cast<std::size_t>((*axis + rank) % rank)]);
    if (known != nullptr && known != size.output()) size.output()->replaceAllUsesWith(known);
  }

  // A dimension with a name has a size of at least 1.
  void fold_emptiness(Value& size) {
    for (const torch::jit::Use& use : std::vector(size.uses())) {
      if (use.user->kind() != c10::aten::eq) continue;
      const auto other = torch::jit::constant_as<std::int64_t>(use.user->inputs()[1 - use.offset]);
      if (!other || *other > 0) continue;
      const torch::jit::WithInsertPoint here(use.user);
      use.user->output()->replaceAllUsesWith(graph_.insertConstant(false));
    }
  }

  Graph& graph_;
  std::vector<CheckedTensor> tensors_;
  std::vector<std::pair<std::string, Value*>> named_;
};

// Makes each state an input, so that no call has to build a list of them.
std::vector<Value*> spread_states(Graph& graph, Value* list, std::size_t count) {
  std::vector<Value*> states;
  for (std::size_t i = 0; i < count; ++i) states.push_back(graph.addInput());
  Node* whole = graph.createList(c10::TensorType::get(), states);
  graph.prependNode(whole);
  list->replaceAllUsesWith(whole->output());
  return states;
}

// Whether the graph changes one of the tensors in place, perhaps its shape.
bool changes(const std::shared_ptr<Graph>& graph, const std::vector<CheckedTensor>& tensors) {
  const torch::jit::AliasDb aliases(graph);
  return std::ranges::any_of(tensors, [&](const CheckedTensor& t) { return aliases.hasWriters(t.value); });
}

// Dropout returns its input when it is not in training.
void drop_dropout(Graph& graph) {
  for (Node* node : graph.nodes()) {
    const bool idle = node->kind() == c10::aten::dropout &&
                      torch::jit::constant_as<bool>(node->namedInput("train")) == false;
    if (idle) node->output()->replaceAllUsesWith(node->inputs()[0]);
  }
}

// LibTorch does not know the types of the engine's results.
void set_engine_types(Graph& graph) {
  constexpr std::size_t rank = 3;
  const auto floats = c10::TensorType::create(at::kFloat, c10::Device(c10::kCPU), rank, std::nullopt);
  for (Node* node : graph.nodes()) {
    if (count_states(*node) == 0 && node->kind() != sliding_operator()) continue;
    for (Value* output : node->outputs()) output->setType(floats);
  }
}

// A stream runs on the CPU and without gradients, and LibTorch's passes do not answer questions for these.
void answer_questions(Graph& graph) {
  for (Node* node : all_nodes(*graph.block())) {
    std::optional<bool> answer;
    if (node->kind() == c10::Symbol::prim("requires_grad")) answer = false;
    if (node->kind() == c10::Symbol::prim("is_cpu")) {
      const auto type = node->inputs()[0]->type()->cast<c10::TensorType>();
      if (type && type->device()) answer = type->device()->is_cpu();
    }
    if (!answer) continue;
    const torch::jit::WithInsertPoint here(node);
    node->output()->replaceAllUsesWith(graph.insertConstant(*answer));
  }
}

std::ptrdiff_t count_nodes(const Graph& graph) {
  return std::distance(graph.nodes().begin(), graph.nodes().end());
}

// Repeats the passes, because what one folds lets another fold more.
void fold(std::shared_ptr<Graph> graph, const std::vector<CheckedTensor>& tensors) {
  drop_dropout(*graph);
  constexpr int kMostRounds = 10;
  std::ptrdiff_t nodes = 0;
  for (int i = 0; i < kMostRounds && count_nodes(*graph) != nodes; ++i) {
    nodes = count_nodes(*graph);
    Sizes(*graph, tensors).fold();
    torch::jit::UnrollConstantLoops(graph);
    torch::jit::RemoveListMutation(graph);
    torch::jit::PropagateInputShapes(graph);
    set_engine_types(*graph);
    answer_questions(*graph);
    torch::jit::ConstantPropagation(graph);
    torch::jit::PeepholeOptimize(graph);
    torch::jit::LowerSimpleTuples(graph);
    torch::jit::EliminateCommonSubexpression(graph);
    torch::jit::EliminateDeadCode(graph);
  }
}

}  // namespace

std::optional<StreamGraph> StreamGraph::make(const torch::jit::Module& module, const Manifest& manifest) {
  const auto forward = module.find_method("forward");
  if (!forward || !keeps_the_contract(*forward->graph())) return std::nullopt;
  std::shared_ptr<Graph> graph = forward->graph()->copy();
  std::vector<CheckedTensor> tensors{{graph->inputs()[1], &manifest.inputs.front()}};
  {
    const torch::jit::WithInsertPoint begin(*graph->nodes().begin());
    graph->inputs()[2]->replaceAllUsesWith(graph->insertConstant(c10::IValue()));
  }
  const std::vector<Value*> states = spread_states(*graph, graph->inputs()[3], manifest.state.size());
  for (std::size_t i = 0; i < states.size(); ++i) tensors.push_back({states[i], &manifest.state[i]});
  torch::jit::ConstantPropagation(graph);  // the branches of other calls may change what this one does not
  if (changes(graph, tensors)) return std::nullopt;
  for (const CheckedTensor& tensor : tensors) tensor.value->setType(type_of(*tensor.spec));
  fold(graph, tensors);
  if (graph->inputs()[0]->hasUses()) return std::nullopt;
  const bool in_place = keep_states_in_place(graph, states, manifest.state);
  for (const std::size_t unused : {3, 2, 0}) graph->eraseInput(unused);
  graph->lint();
  return StreamGraph(torch::jit::GraphExecutor(graph, "stream"), in_place);
}

at::Tensor StreamGraph::advance(const at::Tensor& input, std::vector<at::Tensor>& state) {
  torch::jit::Stack stack{input};
  stack.insert(stack.end(), state.begin(), state.end());
  executor_.run(stack);
  if (in_place_) return std::move(stack.back()).toTensor();
  const auto& result = stack.back().toTupleRef().elements();
  state = result[1].toTensorVector();
  return result[0].toTensor();
}

}  // namespace zoo
