#include "acceleration/stream_graph.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/peephole.h>

#include <memory>
#include <utility>

namespace zoo {
namespace {

using torch::jit::Graph;

bool keeps_the_contract(const Graph& graph) {
  // self, input, lengths, state
  constexpr std::size_t arguments = 4;
  const auto state_type = c10::OptionalType::create(c10::ListType::ofTensors());
  return graph.inputs().size() == arguments &&
         graph.inputs()[1]->type()->isSubtypeOf(*c10::TensorType::get()) &&
         graph.inputs()[2]->type()->kind() == c10::TypeKind::OptionalType &&
         *graph.inputs()[3]->type() == *state_type;
}

}  // namespace

std::optional<StreamGraph> StreamGraph::make(const torch::jit::Module& module, std::size_t input_rank) {
  const auto forward = module.find_method("forward");
  if (!forward || !keeps_the_contract(*forward->graph())) return std::nullopt;
  std::shared_ptr<Graph> graph = forward->graph()->copy();
  graph->inputs()[1]->setType(c10::TensorType::create(std::nullopt, std::nullopt, input_rank, std::nullopt));
  graph->inputs()[3]->setType(c10::ListType::ofTensors());
  {
    const torch::jit::WithInsertPoint begin(*graph->nodes().begin());
    graph->inputs()[2]->replaceAllUsesWith(graph->insertConstant(c10::IValue()));
  }
  for (int i = 0; i < 3; ++i) {  // what one pass folds lets another fold more
    torch::jit::ConstantPropagation(graph);
    torch::jit::PeepholeOptimize(graph);
  }
  torch::jit::EliminateDeadCode(graph);
  if (graph->inputs()[0]->hasUses()) return std::nullopt;
  graph->eraseInput(2);
  graph->eraseInput(0);
  graph->lint();
  return StreamGraph(torch::jit::GraphExecutor(graph, "stream"));
}

c10::IValue StreamGraph::run(const at::Tensor& input, const std::vector<at::Tensor>& state) {
  torch::jit::Stack stack{input, state};
  executor_.run(stack);
  return std::move(stack.back());
}

}  // namespace zoo
