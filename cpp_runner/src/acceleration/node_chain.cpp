#include "acceleration/node_chain.h"

#include <string>
#include <vector>

namespace zoo {

using torch::jit::Node;
using torch::jit::Value;

bool calls(const Node& node, std::string_view name) {
  const std::string_view qualified = node.kind().toQualString();
  constexpr std::string_view prefix = "aten::";
  return qualified.starts_with(prefix) && qualified.substr(prefix.size()) == name;
}

bool calls(const Node& node, std::string_view name, std::string_view overload) {
  if (!calls(node, name)) return false;
  const auto* schema = node.maybeSchema();
  return schema != nullptr && schema->overload_name() == overload;
}

Node* only_user(const Value& value) {
  if (value.uses().size() != 1) return nullptr;
  Node* user = value.uses().front().user;
  return user->owningBlock() == value.node()->owningBlock() ? user : nullptr;
}

std::optional<at::Tensor> constant_tensor(const Value& value, std::int64_t dims) {
  const auto found = torch::jit::toIValue(&value);
  if (!found || !found->isTensor()) return std::nullopt;
  const at::Tensor& tensor = found->toTensor();
  const bool plain = tensor.defined() && tensor.dim() == dims && tensor.layout() == at::kStrided &&
                     tensor.device().is_cpu() && !tensor.requires_grad();
  if (!plain) return std::nullopt;
  return tensor;
}

bool is_constant_int(const Value& value, std::int64_t expected) {
  return torch::jit::constant_as<std::int64_t>(&value) == expected;
}

bool is_constant_list(const Value& value, std::int64_t expected) {
  const auto found = torch::jit::toIValue(&value);
  if (found && found->isIntList()) return found->toIntVector() == std::vector<std::int64_t>{expected};
  const Node& node = *value.node();
  return node.kind() == c10::prim::ListConstruct && node.inputs().size() == 1 &&
         is_constant_int(*node.inputs()[0], expected);
}

bool is_none(const Value& value) { return value.mustBeNone(); }

std::optional<double> constant_number(const Value& value) {
  const auto found = torch::jit::toIValue(&value);
  if (!found || !(found->isDouble() || found->isInt())) return std::nullopt;
  return found->toScalar().toDouble();
}

}  // namespace zoo
