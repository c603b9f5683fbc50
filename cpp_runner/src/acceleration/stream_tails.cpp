#include "acceleration/stream_tails.h"

#include <torch/csrc/jit/ir/constants.h>

#include <vector>

#include "acceleration/advance_operator.h"
#include "acceleration/axis_views.h"
#include "acceleration/node_chain.h"
#include "acceleration/packing.h"

namespace zoo {
namespace {

using torch::jit::Node;
using torch::jit::Value;

// The node that joins two tensors along axis 1, the first of which comes from the state through views that
// nobody else uses.
Node* find_join(const Value& state) {
  const Value* value = &state;
  while (value->uses().size() == 1) {
    Node* user = value->uses().front().user;
    if (user->kind() == c10::prim::ListConstruct) {
      if (user->inputs().size() != 2 || user->inputs()[0] != value) return nullptr;
      Node* cat = only_user(*user->output());
      const bool joins = cat != nullptr && calls(*cat, "cat", "") && is_constant_int(*cat->inputs()[1], 1);
      return joins ? cat : nullptr;
    }
    if (user->outputs().size() != 1) return nullptr;
    value = user->output();
  }
  return nullptr;
}

Node* find_slide(const Value& joined) {
  Node* found = nullptr;
  for (const auto& use : joined.uses()) {
    if (use.user->kind() != sliding_operator() || use.offset != 0) continue;
    if (found != nullptr) return nullptr;
    found = use.user;
  }
  return found;
}

// A contiguous tensor (B, ...) has the same floats as its flattened rows.
Value* without_flatten(Value* value) {
  Node& node = *value->node();
  const bool flat = calls(node, "flatten", "using_ints") && is_constant_int(*node.inputs()[1], 1) &&
                    is_constant_int(*node.inputs()[2], -1);
  return flat ? node.inputs()[0] : value;
}

// Which axis of the state each axis of the joined tensor is; the floats of a step must lie side by side.
bool lies_in_order(const std::vector<std::int64_t>& axes, std::size_t rank) {
  if (axes.size() != 2 && axes.size() != 3) return false;
  const auto last = static_cast<std::int64_t>(rank) - 1;
  for (const std::int64_t axis : axes) {
    if (axis == AxisView::kUnit) return false;
  }
  return axes.back() == last;
}

// Whether the next state has its axes where the state has them.
bool goes_back(const AxisView& next, const std::vector<std::int64_t>& axes, std::size_t rank) {
  if (!next.last_steps || next.axes.size() != rank) return false;
  std::vector<std::int64_t> expected(rank, AxisView::kUnit);
  for (std::size_t i = 0; i < axes.size(); ++i)
    expected[static_cast<std::size_t>(axes[i])] = static_cast<std::int64_t>(i);
  return next.axes == expected;
}

}  // namespace

std::optional<StreamTail> find_tail(const Value& state, const TensorSpec& spec, const Value& next_state) {
  Node* join = find_join(state);
  if (join == nullptr) return std::nullopt;
  std::vector<bool> ones;
  for (const Dim& dim : spec.dims) ones.push_back(dim.fixed() && dim.size == 1);
  const auto past = find_view(*join->inputs()[0]->node()->inputs()[0], {&state, ones, 0});
  if (!past || !lies_in_order(past->axes, spec.dims.size())) return std::nullopt;
  const Dim& steps = spec.dims[static_cast<std::size_t>(past->axes[1])];
  if (!steps.fixed()) return std::nullopt;
  const ViewSource joined{join->output(), std::vector<bool>(past->axes.size(), false), steps.size};
  const auto next = find_view(next_state, joined);
  Node* slide = find_slide(*join->output());
  if (slide == nullptr || !next || !goes_back(*next, past->axes, spec.dims.size())) return std::nullopt;
  return StreamTail{join, slide, past->axes[0], past->axes[1]};
}

void advance_in_place(torch::jit::Graph& graph, Value& state, const StreamTail& tail) {
  const torch::jit::WithInsertPoint here(tail.slide);
  Value* packed = tail.slide->inputs()[1];
  const FusedOperator sizes = describe_sliding(torch::jit::toIValue(packed)->toTensor());
  Value* input = tail.join->inputs()[0]->node()->inputs()[1];
  std::vector<Value*> inputs{without_flatten(input), &state, packed};
  for (const std::int64_t number :
       {tail.row_axis, tail.step_axis, sizes.size, sizes.step, sizes.channels, sizes.outputs}) {
    inputs.push_back(graph.insertConstant(number));
  }
  Node* advance = graph.insertNode(graph.create(advance_sliding_operator(), inputs, 1));
  advance->output()->setType(tail.slide->output()->type());
  tail.slide->output()->replaceAllUsesWith(advance->output());
  tail.slide->destroy();
}

}  // namespace zoo
