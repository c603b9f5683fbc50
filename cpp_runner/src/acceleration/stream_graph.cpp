#include "acceleration/stream_graph.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/common_subexpression_elimination.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/lower_tuples.h>
#include <torch/csrc/jit/passes/peephole.h>

#include <cstdint>
#include <memory>

namespace zoo {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

bool keeps_the_contract(const Graph& graph) {
  // self, input, lengths, state
  constexpr std::size_t arguments = 4;
  const auto state_type = c10::OptionalType::create(c10::ListType::ofTensors());
  return graph.inputs().size() == arguments &&
         graph.inputs()[1]->type()->isSubtypeOf(*c10::TensorType::get()) &&
         graph.inputs()[2]->type()->kind() == c10::TypeKind::OptionalType &&
         *graph.inputs()[3]->type() == *state_type;
}

// What is known of a tensor before the call: its dtype, its device and how many dimensions it has.
c10::TensorTypePtr type_of(const TensorSpec& spec) {
  const auto dtype = spec.dtype == DType::float32 ? std::optional(at::kFloat) : std::nullopt;
  return c10::TensorType::create(dtype, c10::Device(c10::kCPU), spec.dims.size(), std::nullopt);
}

// Sizes that the manifest fixes become constants.
void fix_sizes(Graph& graph, const Value& tensor, const TensorSpec& spec) {
  const auto rank = static_cast<std::int64_t>(spec.dims.size());
  const std::vector<torch::jit::Use> uses = tensor.uses();
  for (const auto& use : uses) {
    if (use.user->kind() != c10::aten::size || use.user->inputs().size() != 2) continue;
    const auto axis = torch::jit::constant_as<std::int64_t>(use.user->inputs()[1]);
    if (!axis || *axis < -rank || *axis >= rank) continue;
    const Dim& dim = spec.dims[static_cast<std::size_t>((*axis + rank) % rank)];
    if (!dim.fixed()) continue;
    const torch::jit::WithInsertPoint here(use.user);
    use.user->output()->replaceAllUsesWith(graph.insertConstant(dim.size));
  }
}

// The states become inputs of their own, in the place of a list that each call would have to build.
std::vector<Value*> spread_states(Graph& graph, Value* list, const std::vector<TensorSpec>& specs) {
  std::vector<Value*> states;
  for (const TensorSpec& spec : specs) {
    states.push_back(graph.addInput());
    states.back()->setType(type_of(spec));
  }
  Node* whole = graph.createList(c10::TensorType::get(), states);
  graph.prependNode(whole);
  list->replaceAllUsesWith(whole->output());
  return states;
}

void fold(std::shared_ptr<Graph> graph, const std::vector<Value*>& tensors,
          const std::vector<const TensorSpec*>& specs) {
  for (int i = 0; i < 3; ++i) {  // what one pass folds lets another fold more
    for (std::size_t k = 0; k < tensors.size(); ++k) fix_sizes(*graph, *tensors[k], *specs[k]);
    torch::jit::ConstantPropagation(graph);
    torch::jit::PeepholeOptimize(graph);
    torch::jit::LowerSimpleTuples(graph);
    torch::jit::EliminateCommonSubexpression(graph);
  }
  torch::jit::ConstantPropagation(graph);
  torch::jit::EliminateDeadCode(graph);
}

}  // namespace

std::optional<StreamGraph> StreamGraph::make(const torch::jit::Module& module, const Manifest& manifest) {
  const auto forward = module.find_method("forward");
  if (!forward || !keeps_the_contract(*forward->graph())) return std::nullopt;
  std::shared_ptr<Graph> graph = forward->graph()->copy();
  std::vector<Value*> tensors{graph->inputs()[1]};
  std::vector<const TensorSpec*> specs{&manifest.inputs.front()};
  tensors[0]->setType(type_of(*specs[0]));
  {
    const torch::jit::WithInsertPoint begin(*graph->nodes().begin());
    graph->inputs()[2]->replaceAllUsesWith(graph->insertConstant(c10::IValue()));
  }
  for (Value* state : spread_states(*graph, graph->inputs()[3], manifest.state)) tensors.push_back(state);
  for (const TensorSpec& spec : manifest.state) specs.push_back(&spec);
  fold(graph, tensors, specs);
  if (graph->inputs()[0]->hasUses()) return std::nullopt;
  for (const std::size_t unused : {3, 2, 0}) graph->eraseInput(unused);
  graph->lint();
  return StreamGraph(torch::jit::GraphExecutor(graph, "stream"));
}

c10::IValue StreamGraph::run(const at::Tensor& input, const std::vector<at::Tensor>& state) {
  torch::jit::Stack stack{input};
  stack.insert(stack.end(), state.begin(), state.end());
  executor_.run(stack);
  return std::move(stack.back());
}

}  // namespace zoo
