#include "acceleration/shared_values.h"

#include <algorithm>

namespace zoo {
namespace {

// Classes in C++, such as PyTorch's packed quantized weights. They are never changed.
bool is_custom_class(const c10::ClassType& type) {
  return type.name() && type.name()->prefix().starts_with("__torch__.torch.classes");
}

bool may_change(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::IntType:
    case c10::TypeKind::FloatType:
    case c10::TypeKind::ComplexType:
    case c10::TypeKind::BoolType:
    case c10::TypeKind::StringType:
    case c10::TypeKind::NoneType:
    case c10::TypeKind::DeviceObjType:
    case c10::TypeKind::EnumType:
      return false;
    default:
      return true;
  }
}

// Walks over the tensors of a module, alone and in lists.
class Separation {
 public:
  void visit(torch::jit::Module& module) {
    const auto object = module._ivalue();
    for (std::size_t i = 0; i < object->type()->numAttributes(); ++i)
      object->setSlot(i, own(object->getSlot(i)));
    for (torch::jit::Module child : module.children()) visit(child);
  }

  [[nodiscard]] bool changed() const { return changed_; }

 private:
  c10::IValue own(const c10::IValue& value) {
    if (value.isTensor()) return own(value.toTensor());
    if (!value.isTensorList()) return value;
    std::vector<at::Tensor> tensors;
    for (const at::Tensor& tensor : value.toTensorVector()) tensors.push_back(own(tensor));
    return c10::List<at::Tensor>(tensors);
  }

  at::Tensor own(const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.has_storage()) return tensor;
    if (seen_.insert(tensor.storage().unsafeGetStorageImpl()).second) return tensor;
    changed_ = true;
    return tensor.detach().clone();
  }

  std::unordered_set<const void*> seen_;
  bool changed_ = false;
};

}  // namespace

bool separate_shared_tensors(torch::jit::Module& module) {
  Separation separation;
  separation.visit(module);
  return separation.changed();
}

HeldValues::HeldValues(const torch::jit::Module& module) { visit(module._ivalue(), ""); }

bool HeldValues::seen_before(const void* address, const std::string& place) {
  const auto [entry, is_new] = first_place_.emplace(address, place);
  if (!is_new) shared_.push_back(place + " = " + entry->second);
  return !is_new;
}

void HeldValues::visit(const c10::IValue& value, const std::string& place) {
  if (value.isTensor()) return visit_tensor(value.toTensor(), place);
  if (value.isObject()) return visit_object(value, place);
  const auto inner = [&](std::size_t i) { return place + '[' + std::to_string(i) + ']'; };
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    for (std::size_t i = 0; i < elements.size(); ++i) visit(elements[i], inner(i));
  } else if (value.isList()) {
    if (seen_before(value.internalToPointer(), place)) return;
    const auto elements = value.toListRef();
    for (std::size_t i = 0; i < elements.size(); ++i) visit(elements[i], inner(i));
  } else if (value.isGenericDict()) {
    if (seen_before(value.internalToPointer(), place)) return;
    std::size_t i = 0;
    for (const auto& entry : value.toGenericDict()) visit(entry.value(), inner(i++));
  }
}

void HeldValues::visit_object(const c10::IValue& value, const std::string& place) {
  const c10::ivalue::Object& object = value.toObjectRef();
  const c10::ClassTypePtr type = object.type();
  if (is_custom_class(*type)) return;
  if (seen_before(value.internalToPointer(), place)) {
    add_shared_classes(object);
    return;
  }
  if (!type->is_module()) {
    bool holds = false;
    for (const auto& attribute : type->getAttributes()) holds |= may_change(*attribute.getType());
    objects_.push_back({place, type, holds});
  }
  for (std::size_t i = 0; i < type->numAttributes(); ++i) {
    const std::string& name = type->getAttributeName(i);
    visit(object.getSlot(i), place.empty() ? name : place + '.' + name);
  }
}

// What is inside an object that stands in two places does so too.
void HeldValues::add_shared_classes(const c10::ivalue::Object& object) {
  if (!shared_classes_.insert(object.type().get()).second) return;
  for (const c10::IValue& value : object.slots()) {
    if (value.isObject()) add_shared_classes(value.toObjectRef());
  }
}

// nn.LSTM and its kin list their own weights a second time. A write to a weight is seen in the list by
// LibTorch's analysis, so that alone is nothing to report.
void HeldValues::visit_tensor(const at::Tensor& tensor, const std::string& place) {
  if (!tensor.defined() || !tensor.has_storage() || tensor.numel() == 0) return;
  if (place.find("_flat_weights[") != std::string::npos) return;
  seen_before(tensor.storage().unsafeGetStorageImpl(), place);
}

}  // namespace zoo
