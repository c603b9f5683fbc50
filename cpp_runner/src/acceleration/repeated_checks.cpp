#include "acceleration/repeated_checks.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace zoo {
namespace {

using torch::jit::Node;
using torch::jit::Value;

constexpr std::int64_t kRank = 3;

bool is_constant(const Value* value, std::int64_t expected) {
  return torch::jit::constant_as<std::int64_t>(value) == expected;
}

// The messages of nn.LSTM, nn.GRU and nn.RNN. A check with another message is the user's own, and stays.
constexpr std::string_view kMessages[] = {
    "input must have {} dimensions, got {}",
    "input.size(-1) must be equal to input_size. Expected {}, got {}",
    "Expected hidden size {}, got {}",
    "Expected hidden[0] size {}, got {}",
    "Expected hidden[1] size {}, got {}",
};

bool is_message_of_torch(const Value* message) {
  const Node& format = *message->node();
  if (format.kind() != c10::aten::format) return false;
  const auto text = torch::jit::constant_as<std::string>(format.inputs()[0]);
  return text && std::ranges::find(kMessages, *text) != std::end(kMessages);
}

// if condition: raise, with a message of PyTorch's
bool only_raises(const Node& node) {
  if (node.kind() != c10::prim::If || !node.outputs().empty()) return false;
  const auto then = node.blocks()[0]->nodes();
  const auto otherwise = node.blocks()[1]->nodes();
  if (then.begin() == then.end() || otherwise.begin() != otherwise.end()) return false;
  const Node& last = **then.rbegin();
  return last.kind() == c10::prim::RaiseException && is_message_of_torch(last.inputs()[0]);
}

// Which element of which tuple a value is: nn.LSTM checks hx[0], but passes on h_0 of (h_0, c_0) = hx.
struct Element {
  const Value* tuple;
  std::int64_t index;
};
std::optional<Element> as_element(const Value* value) {
  const Node& node = *value->node();
  if (node.kind() == c10::prim::TupleUnpack) {
    return Element{node.inputs()[0], static_cast<std::int64_t>(value->offset())};
  }
  if (node.kind() != c10::prim::TupleIndex) return std::nullopt;
  const auto index = torch::jit::constant_as<std::int64_t>(node.inputs()[1]);
  if (!index || *index < 0) return std::nullopt;
  return Element{node.inputs()[0], *index};
}

bool is_same(const Value* a, const Value* b) {
  if (a == b) return true;
  const auto x = as_element(a);
  const auto y = as_element(b);
  return x && y && x->tuple == y->tuple && x->index == y->index;
}

// tensor.dim(), tensor.size(axis) and tensor.size()
bool is_rank(const Node& node, const Value* tensor) {
  return node.kind() == c10::aten::dim && is_same(node.inputs()[0], tensor);
}
bool is_size(const Node& node, const Value* tensor, std::int64_t axis) {
  if (node.kind() != c10::aten::size || node.inputs().size() != 2 || !is_same(node.inputs()[0], tensor))
    return false;
  return is_constant(node.inputs()[1], axis) || is_constant(node.inputs()[1], axis - kRank);
}
bool is_whole_size(const Node& node, const Value* tensor) {
  return node.kind() == c10::aten::size && node.inputs().size() == 1 && is_same(node.inputs()[0], tensor);
}

bool is_state_shape(const Node& node, const ExpectedShapes& shapes, const ExpectedShapes::State& state) {
  return node.kind() == c10::prim::ListConstruct && node.inputs().size() == kRank &&
         is_constant(node.inputs()[0], shapes.rows) &&
         is_size(*node.inputs()[1]->node(), shapes.input, shapes.batch_axis) &&
         is_constant(node.inputs()[2], state.size);
}

// Whether the operator itself checks that the two are equal.
bool is_repeated(const Value* actual, const Value* expected, const ExpectedShapes& shapes) {
  const Node& asked = *actual->node();
  if (is_rank(asked, shapes.input)) return is_constant(expected, kRank);
  if (is_size(asked, shapes.input, kRank - 1)) return is_constant(expected, shapes.input_size);
  return std::ranges::any_of(shapes.states, [&](const ExpectedShapes::State& state) {
    return is_whole_size(asked, state.value) && is_state_shape(*expected->node(), shapes, state);
  });
}

bool is_repeated_check(const Node& node, const ExpectedShapes& shapes) {
  if (!only_raises(node)) return false;
  const Node& condition = *node.inputs()[0]->node();
  if (condition.kind() != c10::aten::ne || condition.inputs().size() != 2) return false;
  const Value* a = condition.inputs()[0];
  const Value* b = condition.inputs()[1];
  return is_repeated(a, b, shapes) || is_repeated(b, a, shapes);
}

}  // namespace

void drop_repeated_checks(Node& op, const ExpectedShapes& shapes) {
  for (auto node = op.owningBlock()->nodes().begin(); *node != &op; ++node) {
    if (is_repeated_check(**node, shapes)) node.destroyCurrent();
  }
}

}  // namespace zoo
