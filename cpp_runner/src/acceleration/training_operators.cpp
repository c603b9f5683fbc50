#include "acceleration/training_operators.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "acceleration/graphs.h"

namespace zoo {
namespace {

using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

// An operator that does something else in training, and the arguments that say so. An empty name stands for
// an argument that it does not have.
struct TrainingOperator {
  std::string_view name;         // without aten:: and the underscore of the form that works in place
  std::string_view flag;         // true in training
  std::string_view probability;  // with 0 training changes nothing
};

constexpr std::array<TrainingOperator, 13> kOperators{{
    {"dropout", "train", "p"},
    {"feature_dropout", "train", "p"},
    {"alpha_dropout", "train", "p"},
    {"feature_alpha_dropout", "train", "p"},
    {"native_dropout", "train", "p"},
    {"rrelu", "training", ""},
    {"scaled_dot_product_attention", "", "dropout_p"},
    {"lstm", "train", "dropout"},
    {"gru", "train", "dropout"},
    {"rnn_tanh", "train", "dropout"},
    {"rnn_relu", "train", "dropout"},
    {"batch_norm", "training", ""},
    {"instance_norm", "use_input_stats", ""},
}};

const TrainingOperator* find_operator(const Node& node) {
  std::string_view name = node.kind().toQualString();
  constexpr std::string_view space = "aten::";
  if (!name.starts_with(space)) return nullptr;
  name.remove_prefix(space.size());
  if (name.ends_with('_')) name.remove_suffix(1);
  const auto found = std::ranges::find(kOperators, name, &TrainingOperator::name);
  return found == kOperators.end() ? nullptr : &*found;
}

// What a value is before a call: a constant, or what an attribute holds.
std::optional<c10::IValue> value_before(const Value& value, const Module& module) {
  if (auto constant = torch::jit::toIValue(&value)) return constant;
  const Node& node = *value.node();
  if (node.kind() == c10::prim::Param && *value.type() == *module.type())
    return c10::IValue(module._ivalue());
  if (node.kind() != c10::prim::GetAttr) return std::nullopt;
  const auto holder = value_before(*node.input(), module);
  if (!holder || !holder->isObject()) return std::nullopt;
  const std::string& name = node.s(c10::attr::name);
  const auto slot = holder->toObjectRef().type()->findAttributeSlot(name);
  return slot ? std::optional(holder->toObjectRef().getSlot(*slot)) : std::nullopt;
}

bool is_zero(const std::optional<c10::IValue>& number) {
  return number &&
         ((number->isDouble() && number->toDouble() == 0) || (number->isInt() && number->toInt() == 0));
}

bool acts(Node& node, const TrainingOperator& op, const Module& module) {
  const auto argument = [&](std::string_view name) {
    return value_before(*node.namedInput(std::string(name)), module);
  };
  if (!op.flag.empty()) {
    const auto flag = argument(op.flag);
    if (!flag || !flag->isBool() || !flag->toBool()) return false;
  }
  // Without statistics a normalization takes those of the batch in eval mode too.
  if (op.name.ends_with("_norm")) return !node.namedInput("running_mean")->mustBeNone();
  if (op.probability.empty()) return true;
  if (op.probability == "dropout") {  // between the layers of a stack
    const auto layers = argument("num_layers");
    if (layers && layers->isInt() && layers->toInt() == 1) return false;
  }
  const auto probability = argument(op.probability);
  return op.flag.empty() ? probability.has_value() && !is_zero(probability) : !is_zero(probability);
}

}  // namespace

std::vector<std::string> training_submodules(const Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, submodule] : module.named_modules()) {
    const auto slot = submodule.type()->findAttributeSlot("training");
    if (slot && submodule._ivalue()->getSlot(*slot).toBool()) names.push_back(name);
  }
  std::erase(names, "");  // the module itself
  return names;
}

std::vector<std::string> training_operators(const Module& module) {
  std::set<std::string> names;  // not how many: a branch has each once, in place and not
  for (const auto& graph : inlined_methods(module)) {
    for (Node* node : nodes_and_forked(*graph)) {
      const TrainingOperator* op = find_operator(*node);
      if (op != nullptr && acts(*node, *op, module)) names.insert("aten::" + std::string(op->name));
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace zoo
