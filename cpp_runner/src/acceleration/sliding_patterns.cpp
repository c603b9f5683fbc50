#include "acceleration/sliding_patterns.h"

#include <algorithm>
#include <exception>

#include "acceleration/node_chain.h"
#include "acceleration/packing.h"

namespace zoo {
namespace {

using torch::jit::Node;
using torch::jit::Value;

constexpr auto kDouble = static_cast<std::int64_t>(at::kDouble);

// x.to(dtype), and the value of dtype.
Value* cast_dtype(const Node& node) {
  return calls(node, "to", "dtype") ? node.namedInput("dtype") : nullptr;
}
bool casts_to_double(const Node& node) {
  const Value* dtype = cast_dtype(node);
  return dtype != nullptr && is_constant_int(*dtype, kDouble);
}

// A chain that grows at both ends while its operators fit.
class Growing {
 public:
  explicit Growing(Node& node) : nodes_{&node} {}

  // The node that computes the first input of the chain, if only the chain uses that.
  [[nodiscard]] Node* before(std::size_t input = 0) const {
    Value* value = nodes_.front()->inputs()[input];
    return only_user(*value) == nodes_.front() ? value->node() : nullptr;
  }
  [[nodiscard]] Node* after() const { return only_user(*nodes_.back()->output()); }
  void prepend(Node* node) { nodes_.insert(nodes_.begin(), node); }
  void append(Node* node) { nodes_.push_back(node); }

  // Appends the next node if it fits, and returns whether it does.
  template <class Fits>
  bool take(Fits fits) {
    Node* next = after();
    if (next == nullptr || next->inputs()[0] != nodes_.back()->output() || !fits(*next)) return false;
    append(next);
    return true;
  }

  [[nodiscard]] const std::vector<Node*>& nodes() const { return nodes_; }

 private:
  std::vector<Node*> nodes_;
};

bool is_square(const Node& node) {
  if (calls(node, "square")) return true;
  return calls(node, "pow", "Tensor_Scalar") && constant_number(*node.inputs()[1]) == 2.0;
}

// view_as_real -> square -> sum over the two parts, or abs -> square
bool take_power(Growing& chain) {
  constexpr std::int64_t parts_axis = 3;
  if (chain.take([](const Node& n) { return calls(n, "abs"); })) return chain.take(is_square);
  return chain.take([](const Node& n) { return calls(n, "view_as_real"); }) && chain.take(is_square) &&
         chain.take([](const Node& n) {
           return calls(n, "sum", "dim_IntList") &&
                  (is_constant_list(*n.inputs()[1], parts_axis) || is_constant_list(*n.inputs()[1], -1)) &&
                  torch::jit::constant_as<bool>(n.inputs()[2]) == false && is_none(*n.inputs()[3]);
         });
}

// One number for each band, float32.
std::optional<at::Tensor> band_numbers(const Value& value, std::int64_t bands) {
  auto found = constant_tensor(value, 1);
  if (found && (found->scalar_type() != at::kFloat || found->size(0) != bands)) found.reset();
  return found;
}

// - mean, / std; takes both or nothing.
struct Statistics {
  c10::IValue mean, std;  // None where there are none
};
Statistics take_statistics(Growing& chain, std::int64_t bands) {
  Node* sub = chain.after();
  if (sub == nullptr || !calls(*sub, "sub", "Tensor") || sub->inputs()[0] != chain.nodes().back()->output() ||
      !is_constant_int(*sub->inputs()[2], 1)) {
    return {};
  }
  Node* div = only_user(*sub->output());
  if (div == nullptr || !calls(*div, "div", "Tensor") || div->inputs()[0] != sub->output()) return {};
  const auto mean = band_numbers(*sub->inputs()[1], bands), std = band_numbers(*div->inputs()[1], bands);
  if (!mean || !std) return {};
  chain.append(sub);
  chain.append(div);
  return {*mean, *std};
}

// frames.double() * window, in front of the transform; returns the window.
std::optional<at::Tensor> prepend_window(Growing& chain) {
  Node* product = chain.before();
  if (product == nullptr || !calls(*product, "mul", "Tensor")) return std::nullopt;
  for (const std::size_t place : {0, 1}) {
    auto window = constant_tensor(*product->inputs()[1 - place], 1);
    if (!window || !(window->scalar_type() == at::kDouble || window->scalar_type() == at::kFloat)) continue;
    chain.prepend(product);
    Node* cast = chain.before(place);
    if (cast == nullptr || !casts_to_double(*cast)) return std::nullopt;
    chain.prepend(cast);
    return window->to(at::kDouble);
  }
  return std::nullopt;
}

// The whole spectrum along the last axis, unscaled.
bool is_plain_rfft(const Node& node, std::int64_t size) {
  if (!calls(node, "fft_rfft")) return false;
  const bool whole = is_none(*node.inputs()[1]) || is_constant_int(*node.inputs()[1], size);
  return whole && is_constant_int(*node.inputs()[2], -1) && is_none(*node.inputs()[3]);
}

// The engine takes what the operator's checks let pass.
bool pack(SlidingChain& chain, const char* op, torch::jit::Stack arguments) {
  try {
    chain.packed = call_engine(op, std::move(arguments)).toTensor();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

bool is_transpose(const Node& node) {
  if (!calls(node, "transpose", "int")) return false;
  const auto swaps = [&](std::int64_t a, std::int64_t b) {
    return is_constant_int(*node.inputs()[1], a) && is_constant_int(*node.inputs()[2], b);
  };
  return swaps(1, 2) || swaps(2, 1) || swaps(-1, -2) || swaps(-2, -1);
}

// One number of a list such as stride; none where it is not constant.
std::optional<std::int64_t> only_number(const Value& value) {
  const auto found = torch::jit::toIValue(&value);
  if (!found || !found->isIntList() || found->toIntVector().size() != 1) return std::nullopt;
  return found->toIntVector()[0];
}

}  // namespace

std::optional<SlidingChain> find_log_bands(Node& node) {
  if (!calls(node, "fft_rfft")) return std::nullopt;
  Growing chain(node);
  const auto window = prepend_window(chain);
  if (!window || !is_plain_rfft(node, window->size(0))) return std::nullopt;
  Node* unfold = chain.before();
  if (unfold == nullptr || !calls(*unfold, "unfold")) return std::nullopt;
  const auto step = torch::jit::constant_as<std::int64_t>(unfold->inputs()[3]);
  const bool frames = is_constant_int(*unfold->inputs()[1], 1) || is_constant_int(*unfold->inputs()[1], -1);
  if (!frames || !step || !is_constant_int(*unfold->inputs()[2], window->size(0))) return std::nullopt;
  chain.prepend(unfold);

  if (!take_power(chain) || !chain.take([](const Node& n) { return calls(n, "matmul"); }))
    return std::nullopt;
  const auto filters = constant_tensor(*chain.nodes().back()->inputs()[1], 2);
  if (!filters || filters->scalar_type() != at::kDouble) return std::nullopt;
  double floor = 0.0;
  chain.take([&](const Node& n) {
    const bool adds = calls(n, "add", "Scalar") && is_constant_int(*n.inputs()[2], 1);
    const auto number = adds ? constant_number(*n.inputs()[1]) : std::nullopt;
    if (number) floor = *number;
    return number.has_value();
  });
  SlidingChain found;
  if (!chain.take([](const Node& n) { return calls(n, "log"); })) return std::nullopt;
  if (!chain.take([&](const Node& n) { return (found.dtype = cast_dtype(n)) != nullptr; }))
    return std::nullopt;
  const Statistics statistics = take_statistics(chain, filters->size(1));
  found.nodes = chain.nodes();
  found.input = unfold->inputs()[0];
  found.rank = 2;
  if (!pack(found, "pack_log_bands", {*window, *filters, *step, floor, statistics.mean, statistics.std}))
    return std::nullopt;
  return found;
}

std::optional<SlidingChain> find_convolution(Node& node) {
  if (!calls(node, "conv1d", "")) return std::nullopt;
  const auto weight = constant_tensor(*node.namedInput("weight"), 3);
  const Value& bias_value = *node.namedInput("bias");
  const auto bias = constant_tensor(bias_value, 1);
  const auto step = only_number(*node.namedInput("stride"));
  if (!weight || weight->scalar_type() != at::kDouble || !(bias || is_none(bias_value)) || !step ||
      only_number(*node.namedInput("padding")) != 0 || only_number(*node.namedInput("dilation")) != 1 ||
      !is_constant_int(*node.namedInput("groups"), 1)) {
    return std::nullopt;
  }
  Growing chain(node);
  Node* cast = chain.before();
  if (cast == nullptr || !casts_to_double(*cast)) return std::nullopt;
  chain.prepend(cast);
  SlidingChain found;
  if (!chain.take([&](const Node& n) { return (found.dtype = cast_dtype(n)) != nullptr; }))
    return std::nullopt;
  const bool relu = chain.take([](const Node& n) { return calls(n, "relu"); });
  found.transposes_output = !chain.take(is_transpose);
  found.nodes = chain.nodes();
  found.input = cast->inputs()[0];
  found.transposes_input = !is_transpose(*found.input->node());
  if (!found.transposes_input) found.input = found.input->node()->inputs()[0];
  found.rank = 3;
  const c10::IValue biases = bias ? c10::IValue(*bias) : c10::IValue();
  if (!pack(found, "pack_convolution", {*weight, biases, *step, relu})) return std::nullopt;
  return found;
}

}  // namespace zoo
