#include "acceleration/accelerate.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/inline_fork_wait.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acceleration/graphs.h"
#include "acceleration/hazards.h"
#include "acceleration/packing.h"
#include "acceleration/recurrent_weights.h"
#include "acceleration/repeated_checks.h"
#include "acceleration/shared_values.h"
#include "acceleration/sliding_fusion.h"
#include "base/message.h"

namespace zoo {
namespace {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

// Forks run in the place where they begin. LibTorch's freezing goes wrong on a module in training mode whose
// class another module has too, if a fork calls it.
void inline_forks(const std::shared_ptr<Graph>& graph) {
  torch::jit::Inline(*graph);
  const auto nodes = all_nodes(*graph->block());
  if (std::ranges::any_of(nodes, [](const Node* n) { return n->kind() == c10::prim::fork; })) {
    torch::jit::InlineForkWait(graph);
  }
}

// In a frozen module weights are constants and every call is inlined. The executor keeps the plan of a
// function that has run, so the pass works on a copy that has never run.
Module frozen(Module copy) {
  std::vector<std::string> preserved;
  for (const auto& method : copy.get_methods()) {
    if (method.name() != "forward") preserved.push_back(method.name());
    inline_forks(method.graph());
  }
  torch::jit::freeze_module_inplace(&copy, preserved);
  for (const auto& method : copy.get_methods()) own_call_stacks(method.function(), *method.graph());
  return copy;
}

// LibTorch does not freeze a module that has one tensor in two places. Where nothing writes to it, each place
// may have its own.
Module frozen_copy(const Module& module) {
  try {
    return frozen(module.clone(/*inplace=*/true));  // with the same tensors
  } catch (const std::exception&) {
    Module copy = module.clone(/*inplace=*/true);
    if (!separate_shared_tensors(copy)) throw;
    return frozen(std::move(copy));
  }
}

// The initial states: h_0, and c_0 if the cell has one; LibTorch's operators take the two as one list.
std::vector<Value*> states(Graph& graph, Node& node, const engine::CellSpec& cell) {
  Value* hx = node.namedInput("hx");
  if (!cell.has_c) return {hx};
  Node& maker = *hx->node();
  if (maker.kind() == c10::prim::ListConstruct && maker.inputs().size() == 2 && hx->uses().size() == 1) {
    return {maker.inputs()[0], maker.inputs()[1]};
  }
  Node* unpack = graph.createListUnpack(hx, 2);
  unpack->copyMetadata(&node)->insertBefore(&node);
  return {unpack->outputs()[0], unpack->outputs()[1]};
}

// The shapes that a padded operator with these weights accepts; none if the axes are not known yet.
std::optional<ExpectedShapes> expected_shapes(const Node& node, const RecurrentWeights& weights,
                                              const std::vector<Value*>& states) {
  const auto batch_first = torch::jit::constant_as<bool>(node.namedInput("batch_first"));
  if (!batch_first) return std::nullopt;
  const at::Tensor& w_ih = weights.tensors[0];  // (num_gates * hidden_size, input_size)
  const at::Tensor& w_hh = weights.tensors[1];  // (num_gates * hidden_size, size of h)
  ExpectedShapes shapes{node.inputs()[0],
                        *batch_first ? 0 : 1,
                        w_ih.size(1),
                        weights.num_layers * (weights.bidirectional ? 2 : 1),
                        {}};
  shapes.states.push_back({states[0], w_hh.size(1)});
  const engine::CellSpec& cell = engine::spec(weights.cell);
  if (cell.has_c) shapes.states.push_back({states[1], w_ih.size(0) / cell.num_gates});
  return shapes;
}

// Whether a node calls one of the engine's operators that run recurrent layers.
bool is_stored_layer(const Node& node) {
  const std::string name = node.kind().toQualString();
  return std::ranges::any_of(engine::kCells, [&](const engine::CellSpec& cell) {
    const std::string op = "zoo::" + std::string(cell.op);
    return name == op || name == op + "_packed_sequence" || name == op + "_cell";
  });
}

void replace(Graph& graph, Node& node, const RecurrentOperator& op, const RecurrentWeights& weights,
             const at::Tensor& packed) {
  const engine::CellSpec& cell = engine::spec(op.cell);
  const torch::jit::WithInsertPoint here(&node);
  std::vector<Value*> inputs{node.inputs()[0]};
  if (op.form == CallForm::packed_sequence) inputs.push_back(node.namedInput("batch_sizes"));
  const std::vector<Value*> start = states(graph, node, cell);
  inputs.insert(inputs.end(), start.begin(), start.end());
  if (op.form == CallForm::padded) {
    if (const auto shapes = expected_shapes(node, weights, start)) drop_repeated_checks(node, *shapes);
  }
  inputs.push_back(graph.insertConstant(packed));
  if (op.form != CallForm::cell) inputs.push_back(node.namedInput("bidirectional"));
  if (op.form == CallForm::padded) inputs.push_back(node.namedInput("batch_first"));

  const std::string suffix = op.form == CallForm::cell              ? "_cell"
                             : op.form == CallForm::packed_sequence ? "_packed_sequence"
                                                                    : "";
  const auto name = c10::Symbol::fromQualString("zoo::" + std::string(cell.op) + suffix);
  Node* fused = graph.create(name, inputs, node.outputs().size());
  fused->copyMetadata(&node)->insertBefore(&node);
  for (std::size_t i = 0; i < node.outputs().size(); ++i) {
    fused->outputs()[i]->setType(c10::TensorType::get());
    node.outputs()[i]->replaceAllUsesWith(fused->outputs()[i]);
  }
  node.destroy();
}

class Pass {
 public:
  explicit Pass(const AccelerateOptions& options) : options_(options) {}

  void run(const std::shared_ptr<Graph>& graph) {
    fuse_sliding(graph, operators_);
    for (Node* node : all_nodes(*graph->block())) visit(*graph, *node);
    torch::jit::EliminateDeadCode(graph);
    graph->lint();
  }

  [[nodiscard]] Acceleration result() const {
    return {engine_isa(), packer_.stacks(), operators_, left_, {}};
  }

 private:
  void visit(Graph& graph, Node& node) {
    const std::string name = node.kind().toQualString();
    if (is_stored_layer(node)) return count_stored(node);
    try {
      const auto op = find_recurrent_operator(node);
      if (!op) return;
      const RecurrentWeights weights = take_weights(node, *op);
      replace(graph, node, *op, weights, packer_.pack(weights, precision_of(weights)));
    } catch (const Unmatched& unmatched) {
      leave(name, unmatched.what());
    }
  }

  // A layer that a recipe has packed already.
  void count_stored(Node& node) {
    if (const auto packed = torch::jit::toIValue(node.namedInput("packed"))) {
      packer_.count_stored(packed->toTensor());
    }
  }

  [[nodiscard]] Precision precision_of(const RecurrentWeights& weights) const {
    if (weights.origin != "int8") return options_.precision;
    if (options_.requantize || options_.precision == Precision::int8) return Precision::int8;
    throw Unmatched(
        "PyTorch quantized it, and the engine rounds in another way; ask for the fused engine to run it "
        "there all the same");
  }

  void leave(const std::string& op, const std::string& reason) {
    for (LeftOperator& known : left_) {
      if (known.op != op || known.reason != reason) continue;
      ++known.calls;
      return;
    }
    left_.push_back({op, reason, 1});
  }

  AccelerateOptions options_;
  Packer packer_;
  std::vector<FusedOperator> operators_;
  std::vector<LeftOperator> left_;
};

}  // namespace

Accelerated accelerate(const Module& module, const AccelerateOptions& options) {
  if (has_engine_operators(module)) {
    if (!module.hasattr("training")) {
      return unchanged(module,
                       "the file was accelerated before it was saved: its layers call the engine already");
    }
    if (options.precision != Precision::fp32) {
      return unchanged(module, "its layers are stored as a recipe packed them, and take no other precision");
    }
  }
  if (auto hazard = find_hazard(module)) return unchanged(module, std::move(*hazard));
  std::optional<Module> copy;
  try {
    copy = frozen_copy(module);
  } catch (const std::exception& error) {
    return unchanged(module, "LibTorch cannot freeze it: " + essential_line(error.what()));
  }
  if (auto hazard = find_hazard_when_frozen(*copy)) return unchanged(module, std::move(*hazard));
  Pass pass(options);
  for (const auto& method : copy->get_methods()) pass.run(method.graph());
  Acceleration result = pass.result();
  if (!result.fused.empty()) return {*copy, std::move(result)};
  result.isa.clear();
  result.operators.clear();
  result.refusal = result.left.empty() ? "it has no recurrent layer" : "no recurrent layer could be fused";
  return {module, std::move(result)};
}

}  // namespace zoo
