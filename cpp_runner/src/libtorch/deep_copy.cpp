#include "libtorch/deep_copy.h"

#include <ATen/Functions.h>

#include <unordered_map>

namespace zoo {
namespace {

class Copier {
 public:
  c10::IValue copy(const c10::IValue& value) {
    if (value.isTensor()) return copy(value.toTensor());
    if (value.isTuple()) return copy_tuple(value.toTupleRef());
    if (value.isList()) return once(value, [&] { return copy_list(value.toList()); });
    if (value.isGenericDict()) return once(value, [&] { return copy_dict(value.toGenericDict()); });
    if (value.isObject()) return copy_object(value);
    return value;  // numbers, text, and classes of C++, which nobody changes
  }

 private:
  at::Tensor copy(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    const auto known = tensors_.find(tensor.unsafeGetTensorImpl());
    if (known != tensors_.end()) return known->second;
    at::Tensor copied;
    if (tensor.has_storage() && !tensor.is_quantized() && !tensor.is_mkldnn()) {
      copied = at::empty({0}, tensor.options());
      copied.set_(copy_storage(tensor), tensor.storage_offset(), tensor.sizes(), tensor.strides());
    } else {
      copied = tensor.detach().clone();
    }
    return tensors_[tensor.unsafeGetTensorImpl()] = copied;
  }

  at::Storage copy_storage(const at::Tensor& tensor) {
    const auto known = storages_.find(tensor.storage().unsafeGetStorageImpl());
    if (known != storages_.end()) return known->second;
    const auto size = static_cast<std::int64_t>(tensor.storage().nbytes() / tensor.itemsize());
    at::Tensor whole = at::empty({0}, tensor.options());
    whole.set_(tensor.storage(), 0, {size}, {1});
    return storages_[tensor.storage().unsafeGetStorageImpl()] = whole.clone().storage();
  }

  c10::IValue copy_tuple(const c10::ivalue::Tuple& tuple) {
    std::vector<c10::IValue> elements;
    for (const c10::IValue& element : tuple.elements()) elements.push_back(copy(element));
    return c10::ivalue::Tuple::createNamed(std::move(elements), tuple.type<c10::TupleType>());
  }

  c10::IValue copy_list(const c10::List<c10::IValue>& list) {
    c10::impl::GenericList copied(list.elementType());
    for (const c10::IValue& element : list) copied.push_back(copy(element));
    return copied;
  }

  c10::IValue copy_dict(const c10::impl::GenericDict& dict) {
    c10::impl::GenericDict copied(dict.keyType(), dict.valueType());
    for (const auto& entry : dict) copied.insert(copy(entry.key()), copy(entry.value()));
    return copied;
  }

  c10::IValue copy_object(const c10::IValue& value) {
    const auto object = value.toObject();
    const auto known = values_.find(object.get());
    if (known != values_.end()) return known->second;
    const auto& name = object->type()->name();
    if (name && name->prefix().starts_with("__torch__.torch.classes")) return value;
    const std::size_t count = object->type()->numAttributes();
    auto copied =
        c10::ivalue::Object::create(c10::StrongTypePtr(object->compilation_unit(), object->type()), count);
    values_[object.get()] = copied;  // before its attributes, which may hold it
    for (std::size_t i = 0; i < count; ++i) copied->setSlot(i, copy(object->getSlot(i)));
    return copied;
  }

  template <typename Copy>
  c10::IValue once(const c10::IValue& value, Copy make) {
    const void* address = value.internalToPointer();
    const auto known = values_.find(address);
    if (known != values_.end()) return known->second;
    return values_[address] = make();
  }

  std::unordered_map<const void*, at::Tensor> tensors_;
  std::unordered_map<const void*, at::Storage> storages_;
  std::unordered_map<const void*, c10::IValue> values_;  // lists, dicts and objects
};

}  // namespace

torch::jit::Module deep_copy(const torch::jit::Module& module) {
  return torch::jit::Module(Copier().copy(module._ivalue()).toObject());
}

}  // namespace zoo
