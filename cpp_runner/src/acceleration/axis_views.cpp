#include "acceleration/axis_views.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "acceleration/node_chain.h"

namespace zoo {
namespace {

using torch::jit::Node;
using torch::jit::Value;

// An axis that a constant names, counted from 0; none where it is not one of `count`.
std::optional<std::size_t> axis_of(const Value& value, std::size_t count) {
  const auto axis = torch::jit::constant_as<std::int64_t>(&value);
  const auto rank = static_cast<std::int64_t>(count);
  if (!axis || *axis < -rank || *axis >= rank) return std::nullopt;
  return static_cast<std::size_t>((*axis + rank) % rank);
}

bool begins_at_the_start(const Value& start) { return is_none(start) || is_constant_int(start, 0); }
bool ends_at_the_end(const Value& end) {
  return is_none(end) || is_constant_int(end, std::numeric_limits<std::int64_t>::max());
}

// Whether a slice begins `kept` before the end of axis 1: at size(axis 1) - kept, or at -kept.
bool begins_before_the_end(const Value& start, const ViewSource& source) {
  if (is_constant_int(start, -source.kept)) return true;
  const Node& sub = *start.node();
  if (sub.kind() != c10::aten::sub || !is_constant_int(*sub.inputs()[1], source.kept)) return false;
  const Node& size = *sub.inputs()[0]->node();
  if (size.kind() != c10::aten::size || size.inputs().size() != 2) return false;
  const auto whole = find_view(*size.inputs()[0], source);
  if (!whole || whole->last_steps) return false;
  const auto axis = axis_of(*size.inputs()[1], whole->axes.size());
  return axis && whole->axes[*axis] == 1;
}

bool slice(const Node& node, const ViewSource& source, AxisView& view) {
  const auto axis = axis_of(*node.inputs()[1], view.axes.size());
  if (!axis || !ends_at_the_end(*node.inputs()[3]) || !is_constant_int(*node.inputs()[4], 1)) return false;
  if (begins_at_the_start(*node.inputs()[2])) return true;
  if (source.kept == 0 || view.last_steps || view.axes[*axis] != 1) return false;
  return view.last_steps = begins_before_the_end(*node.inputs()[2], source);
}

// The only element of an axis of size 1.
bool select(const Node& node, const ViewSource& source, AxisView& view) {
  const auto axis = axis_of(*node.inputs()[1], view.axes.size());
  if (!axis || !(is_constant_int(*node.inputs()[2], 0) || is_constant_int(*node.inputs()[2], -1)))
    return false;
  const std::int64_t of_source = view.axes[*axis];
  if (of_source != AxisView::kUnit && !source.is_one[static_cast<std::size_t>(of_source)]) return false;
  view.axes.erase(view.axes.begin() + static_cast<std::ptrdiff_t>(*axis));
  return true;
}

bool squeeze(const Node& node, AxisView& view) {
  const auto axis = axis_of(*node.inputs()[1], view.axes.size());
  if (!axis || view.axes[*axis] != AxisView::kUnit) return false;
  view.axes.erase(view.axes.begin() + static_cast<std::ptrdiff_t>(*axis));
  return true;
}

bool unsqueeze(const Node& node, AxisView& view) {
  const auto axis = axis_of(*node.inputs()[1], view.axes.size() + 1);
  if (!axis) return false;
  view.axes.insert(view.axes.begin() + static_cast<std::ptrdiff_t>(*axis), AxisView::kUnit);
  return true;
}

bool transpose(const Node& node, AxisView& view) {
  const auto a = axis_of(*node.inputs()[1], view.axes.size()),
             b = axis_of(*node.inputs()[2], view.axes.size());
  if (!a || !b) return false;
  std::swap(view.axes[*a], view.axes[*b]);
  return true;
}

bool apply(const Node& node, const ViewSource& source, AxisView& view) {
  if (calls(node, "contiguous")) return true;
  if (calls(node, "slice", "Tensor")) return slice(node, source, view);
  if (calls(node, "select", "int")) return select(node, source, view);
  if (calls(node, "squeeze", "dim")) return squeeze(node, view);
  if (calls(node, "unsqueeze")) return unsqueeze(node, view);
  if (calls(node, "transpose", "int")) return transpose(node, view);
  return false;
}

}  // namespace

std::optional<AxisView> find_view(const Value& value, const ViewSource& source) {
  if (&value == source.value) {
    AxisView whole;
    for (std::size_t i = 0; i < source.is_one.size(); ++i) whole.axes.push_back(static_cast<std::int64_t>(i));
    return whole;
  }
  const Node& node = *value.node();
  if (node.inputs().empty() || !node.kind().is_aten()) return std::nullopt;
  auto view = find_view(*node.inputs()[0], source);
  if (!view || !apply(node, source, *view)) return std::nullopt;
  return view;
}

}  // namespace zoo
