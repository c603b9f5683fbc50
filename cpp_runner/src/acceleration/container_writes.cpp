#include "acceleration/container_writes.h"

#include <algorithm>
#include <unordered_set>

#include "acceleration/graphs.h"

namespace zoo {
namespace {

using c10::TypeKind;
using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;

bool can_hold_tensors(const Value& value) {
  const TypeKind kind = value.type()->kind();
  return kind == TypeKind::TensorType || kind == TypeKind::ListType || kind == TypeKind::DictType ||
         kind == TypeKind::TupleType || kind == TypeKind::OptionalType;
}

// What comes from attributes that are containers: their entries, views of these, and what passes through
// branches and loops.
class Entries {
 public:
  explicit Entries(const std::vector<Node*>& nodes) {
    std::size_t before = 0;
    do {
      before = found_.size();
      for (Node* node : nodes) visit(*node);
    } while (found_.size() != before);
  }

  [[nodiscard]] bool contains(const Value* value) const { return found_.contains(value); }

 private:
  void visit(Node& node) {
    if (node.kind() == c10::prim::GetAttr) {
      if (node.output()->type()->kind() != TypeKind::TensorType) add(*node.output());
      return;
    }
    const bool from_inputs = contains_any(node.inputs());
    bool from_blocks = false;
    for (Block* block : node.blocks()) {
      from_blocks |= contains_any(block->outputs());
      if (from_inputs) {
        for (Value* value : block->inputs()) add(*value);
      }
    }
    if (!from_inputs && !from_blocks) return;
    const auto* schema = node.maybeSchema();
    for (std::size_t i = 0; i < node.outputs().size(); ++i) {
      // A declared operator gives something new where it declares no alias.
      const bool is_new = schema != nullptr && i < schema->returns().size() &&
                          schema->returns()[i].alias_info() == nullptr && node.kind().is_aten() &&
                          node.outputs()[i]->type()->kind() == TypeKind::TensorType && !reads_an_entry(node);
      if (!is_new) add(*node.outputs()[i]);
    }
  }

  // The operators on lists and dicts do not always declare that what they return is an entry.
  static bool reads_an_entry(const Node& node) {
    return node.kind() == c10::aten::__getitem__ || node.kind() == c10::aten::pop ||
           node.kind() == c10::Symbol::aten("get") || node.kind() == c10::Symbol::aten("setdefault");
  }

  bool contains_any(at::ArrayRef<Value*> values) const {
    return std::ranges::any_of(values, [&](const Value* value) { return contains(value); });
  }

  void add(const Value& value) {
    if (can_hold_tensors(value)) found_.insert(&value);
  }

  std::unordered_set<const Value*> found_;
};

}  // namespace

bool writes_inside_containers(torch::jit::Graph& graph) {
  const std::vector<Node*> nodes = all_nodes(*graph.block());
  const Entries entries(nodes);
  return std::ranges::any_of(nodes, [&](const Node* node) {
    const auto* schema = node->maybeSchema();
    if (schema == nullptr) return false;
    for (std::size_t i = 0; i < std::min(node->inputs().size(), schema->arguments().size()); ++i) {
      const auto* alias = schema->arguments()[i].alias_info();
      const Value* input = node->inputs()[i];
      if (alias != nullptr && alias->isWrite() && input->type()->kind() == TypeKind::TensorType &&
          entries.contains(input)) {
        return true;
      }
    }
    return false;
  });
}

}  // namespace zoo
