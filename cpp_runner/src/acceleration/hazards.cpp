#include "acceleration/hazards.h"

#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "acceleration/container_writes.h"
#include "acceleration/graphs.h"
#include "acceleration/shared_values.h"

namespace zoo {
namespace {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;
namespace aten = c10::aten;
namespace prim = c10::prim;
using Reason = std::optional<std::string>;

std::string class_name(const c10::Type& type) {
  const auto* named = type.castRaw<c10::NamedType>();
  return named != nullptr && named->name() ? named->name()->name() : type.repr_str();
}

bool is_object(const Value& value) { return value.type()->kind() == c10::TypeKind::ClassType; }

// Whether the graph, without its forks, writes in place into what an attribute holds.
bool writes_in_place(const std::shared_ptr<Graph>& graph) {
  const torch::jit::AliasDb aliases(graph);
  return std::ranges::any_of(all_nodes(*graph->block()), [&](Node* node) {
    return node->kind() == prim::GetAttr && !is_object(*node->output()) && aliases.hasOutputWriters(node);
  });
}

// What the methods do to the attributes of modules and objects.
class Writes {
 public:
  explicit Writes(const std::vector<std::shared_ptr<Graph>>& graphs) {
    for (const auto& graph : graphs) {
      for (Node* node : nodes_and_forked(*graph)) {
        if (node->kind() == prim::SetAttr) assigned_.insert(node->inputs()[0]->type().get());
        // The method of an interface, or one that calls itself: nobody knows what it writes.
        if (node->kind() == prim::CallMethod) unknown_ = true;
      }
      visit_in_place(graph);
    }
  }

  [[nodiscard]] bool assigns(const c10::Type& type) const { return unknown_ || assigned_.contains(&type); }
  [[nodiscard]] bool in_place() const { return unknown_ || in_place_ || inside_; }
  [[nodiscard]] bool inside() const { return inside_; }
  [[nodiscard]] bool any() const { return in_place() || !assigned_.empty(); }

 private:
  void visit_in_place(const std::shared_ptr<Graph>& graph) {
    in_place_ |= writes_in_place(graph);
    inside_ |= writes_inside_containers(*graph);
    for (Node* node : all_nodes(*graph->block())) {
      if (node->kind() == prim::fork) visit_in_place(node->g(c10::attr::Subgraph));
    }
  }

  std::unordered_set<const c10::Type*> assigned_;
  bool in_place_ = false;
  bool inside_ = false;
  bool unknown_ = false;
};

Reason find_hooks(const Module& module) {
  const c10::ClassType& type = *module.type();
  if (type.getForwardHooks().empty() && type.getForwardPreHooks().empty()) return std::nullopt;
  return "it has forward hooks, which freezing drops";
}

Reason find_state_in_objects(const HeldValues& held, const Writes& writes) {
  for (const HeldValues::Held& object : held.objects()) {
    if (object.has_tensors_or_containers || writes.assigns(*object.type)) {
      return "freezing takes what the object '" + object.place + "' of class " + class_name(*object.type) +
             " holds for constants";
    }
  }
  return std::nullopt;
}

Reason find_sharing(const HeldValues& held, const Writes& writes) {
  for (const c10::Type* type : held.shared_classes()) {
    if (writes.assigns(*type))
      return "a submodule of class " + class_name(*type) + " that changes is held twice";
  }
  if (held.shared_places().empty() || !writes.in_place()) return std::nullopt;
  return "it writes in place, and two of its names share memory: " + held.shared_places().front();
}

// Whether the result of the fork is only waited for, beside it.
bool is_waited_for_at_once(const Node& fork) {
  return std::ranges::all_of(fork.output()->uses(), [&](const torch::jit::Use& use) {
    return use.user->kind() == aten::wait && use.user->owningBlock() == fork.owningBlock();
  });
}

// Whether code in a fork changes nothing that others see: no attribute, and nothing that it was given.
bool is_pure(const std::shared_ptr<Graph>& forked) {
  const torch::jit::AliasDb aliases(forked);
  const bool writes_to_inputs = std::ranges::any_of(
      forked->inputs(), [&](const Value* input) { return !is_object(*input) && aliases.hasWriters(input); });
  if (writes_to_inputs || writes_in_place(forked) || writes_inside_containers(*forked)) return false;
  return std::ranges::none_of(all_nodes(*forked->block()), [](const Node* node) {
    return node->kind() == prim::SetAttr || node->kind() == prim::CallMethod;
  });
}

Reason find_forks(const std::vector<std::shared_ptr<Graph>>& graphs) {
  for (const auto& graph : graphs) {
    for (Node* node : all_nodes(*graph->block())) {
      if (node->kind() == prim::awaitable) return "it uses torch.jit._awaitable";
      if (node->kind() != prim::fork) continue;
      if (!is_waited_for_at_once(*node)) {
        return "its torch.jit.fork is waited for elsewhere, through a list, a branch or a loop";
      }
      const auto forked = node->g(c10::attr::Subgraph);
      const auto inner = all_nodes(*forked->block());
      if (std::ranges::any_of(inner, [](const Node* n) { return n->kind() == prim::fork; })) {
        return "its torch.jit.fork holds another";
      }
      if (!is_pure(forked)) return "its torch.jit.fork changes state";
    }
  }
  return std::nullopt;
}

// Normalizations in training mode change running statistics and do not declare it. So freezing makes one
// constant of statistics that are equal at first, and drops a normalization whose result is not used. Whether
// a flag is set is often known only when attributes have become constants.
Reason find_changing_statistics(Graph& graph, bool frozen) {
  for (Node* node : nodes_and_forked(graph)) {
    const bool batch = node->kind() == aten::batch_norm;
    if (!batch && node->kind() != aten::instance_norm) continue;
    if (node->namedInput("running_mean")->mustBeNone()) continue;
    const auto flag = torch::jit::constant_as<bool>(node->namedInput(batch ? "training" : "use_input_stats"));
    if (flag == true || (!flag && (frozen || !node->hasUses()))) {
      return "a normalization changes its running statistics";
    }
  }
  return std::nullopt;
}

Reason find_autocast(const std::vector<std::shared_ptr<Graph>>& graphs) {
  for (const auto& graph : graphs) {
    for (const Node* node : all_nodes(*graph->block())) {
      if (node->kind() == prim::Enter && class_name(*node->inputs()[0]->type()) == "autocast") {
        return "it uses torch.autocast";
      }
    }
  }
  return std::nullopt;
}

// Whether the layers that PyTorch quantized as they run have weights of 16 bits; their activations stay as
// they are. Packed weights say what they are only when they are serialized.
bool has_float16_layers(const Module& module) {
  bool found = false, all = true;
  c10::IValue(module._ivalue()).visit([&](const c10::IValue& value) {
    if (!value.isObject()) return false;
    const auto& type = value.toObjectRef().type();
    if (!type->name() || type->name()->name() != "CellParamsBase") return false;
    const c10::IValue state = type->getMethod("__getstate__")({value});
    found = true;
    all &= state.toTupleRef().elements()[0].toStringRef() == "quantized_fp16";
    return true;
  });
  return found && all;
}

template <typename Wanted>
bool has_operator(const Module& module, Wanted wanted) {
  return std::ranges::any_of(inlined_methods(module), [&](const std::shared_ptr<Graph>& graph) {
    return std::ranges::any_of(nodes_and_forked(*graph),
                               [&](const Node* node) { return wanted(node->kind().toQualString()); });
  });
}

}  // namespace

bool has_engine_operators(const Module& module) {
  return has_operator(module, [](std::string_view name) { return name.starts_with("zoo::"); });
}

double rounding_share(const Module& module) {
  const bool rounds = has_operator(module, [](std::string_view name) {
    const bool has = name.find("dynamic") != std::string_view::npos;
    return name.starts_with("quantized::") && has && name.find("fp16") == std::string_view::npos;
  });
  const bool quantizes_layers =
      has_operator(module, [](std::string_view name) { return name.starts_with("aten::quantized_"); });
  if (rounds || (quantizes_layers && !has_float16_layers(module))) return 0.1;
  for (const at::Tensor& parameter : module.parameters()) {
    const auto type = parameter.scalar_type();
    if (type == at::kHalf || type == at::kBFloat16) return 0.02;
  }
  return 1e-4;
}

bool keeps_state(const Module& module) {
  const auto graphs = inlined_methods(module);
  // Whether a normalization changes its statistics may depend on a flag, and then it counts.
  const auto changes_statistics = [](const auto& graph) {
    return find_changing_statistics(*graph, true).has_value();
  };
  return Writes(graphs).any() || std::ranges::any_of(graphs, changes_statistics);
}

Reason find_hazard(const Module& module) {
  if (auto reason = find_hooks(module)) return reason;
  const auto graphs = inlined_methods(module);
  if (auto reason = find_autocast(graphs)) return reason;
  if (auto reason = find_forks(graphs)) return reason;
  for (const auto& graph : graphs) {
    if (auto reason = find_changing_statistics(*graph, false)) return reason;
  }
  const HeldValues held(module);
  const Writes writes(graphs);
  if (auto reason = find_state_in_objects(held, writes)) return reason;
  if (auto reason = find_sharing(held, writes)) return reason;
  if (writes.inside())
    return "freezing takes the tensors that it changes in a list, dict or tuple for constants";
  return std::nullopt;
}

Reason find_hazard_when_frozen(const Module& frozen) {
  for (const auto& method : frozen.get_methods()) {
    if (auto reason = find_changing_statistics(*method.graph(), true)) return reason;
  }
  return std::nullopt;
}

}  // namespace zoo
