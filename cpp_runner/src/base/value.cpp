#include "base/value.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/numbers.h"

namespace zoo {
namespace {

struct Child {
  std::string name;
  const Value* value;
};

std::vector<Child> children(const Value& value) {
  std::vector<Child> found;
  if (const auto* tuple = std::get_if<Tuple>(&value)) {
    for (std::size_t i = 0; i < tuple->elements.size(); ++i) {
      found.push_back({tuple->names.empty() ? std::to_string(i) : tuple->names[i], &tuple->elements[i]});
    }
  } else if (const auto* list = std::get_if<List>(&value)) {
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
      found.push_back({std::to_string(i), &list->elements[i]});
    }
  } else if (const auto* dict = std::get_if<Dict>(&value)) {
    for (const auto& [key, entry] : dict->entries) found.push_back({key, &entry});
  }
  return found;
}

std::string inner(const std::string& place, const std::string& name) {
  return place.empty() ? name : place + "." + name;
}

std::optional<Tensor> leaf(const Value& value) {
  if (const auto* tensor = std::get_if<Tensor>(&value)) return *tensor;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return Tensor::of({}, std::vector{*number});
  if (const auto* number = std::get_if<double>(&value)) return Tensor::of({}, std::vector{*number});
  if (const auto* flag = std::get_if<bool>(&value)) {
    return Tensor(DType::boolean, {}, {*flag ? std::byte{1} : std::byte{0}});
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    const auto* begin = reinterpret_cast<const std::byte*>(text->data());
    return Tensor(DType::uint8, {static_cast<std::int64_t>(text->size())}, {begin, begin + text->size()});
  }
  return std::nullopt;
}

void flatten_into(const Value& value, const std::string& place, std::vector<NamedTensor>& tensors) {
  if (auto tensor = leaf(value)) tensors.push_back({place, std::move(*tensor)});
  for (const Child& child : children(value)) flatten_into(*child.value, inner(place, child.name), tensors);
}

void collect_places(const Value& value, const std::string& place, std::vector<std::string>& places) {
  if (std::holds_alternative<Tensor>(value)) places.push_back(place);
  for (const Child& child : children(value)) collect_places(*child.value, inner(place, child.name), places);
}

}  // namespace

std::vector<NamedTensor> flatten(const Value& value) {
  std::vector<NamedTensor> tensors;
  flatten_into(value, "", tensors);
  if (tensors.size() == 1 && tensors[0].name.empty()) tensors[0].name = "output";
  return tensors;
}

const Value* find_value(const Value& root, std::string_view place) {
  if (place.empty()) return &root;
  for (const Child& child : children(root)) {  // the name of a dict's entry may have points in it
    if (place == child.name) return child.value;
    if (!place.starts_with(child.name + ".")) continue;
    if (const Value* found = find_value(*child.value, place.substr(child.name.size() + 1))) return found;
  }
  return nullptr;
}

Value* find_value(Value& root, std::string_view place) {
  return const_cast<Value*>(find_value(static_cast<const Value&>(root), place));
}

std::vector<std::string> tensor_places(const Value& root) {
  std::vector<std::string> places;
  collect_places(root, "", places);
  return places;
}

bool same_form(const Value& a, const Value& b) {
  if (a.index() != b.index()) return false;
  if (const auto* tensor = std::get_if<Tensor>(&a)) {
    const Tensor& other = std::get<Tensor>(b);
    return tensor->dtype() == other.dtype() && tensor->shape() == other.shape();
  }
  const auto x = children(a), y = children(b);
  return std::ranges::equal(x, y, [](const Child& left, const Child& right) {
    return left.name == right.name && same_form(*left.value, *right.value);
  });
}

std::string kind_text(const Value& value) {
  struct Namer {
    std::string operator()(std::monostate) const { return "None"; }
    std::string operator()(const Tensor& tensor) const {
      return std::string(dtype_name(tensor.dtype())) + " Tensor " + shape_text(tensor.shape());
    }
    std::string operator()(std::int64_t) const { return "int"; }
    std::string operator()(double) const { return "float"; }
    std::string operator()(bool) const { return "bool"; }
    std::string operator()(const std::string&) const { return "str"; }
    std::string operator()(const Tuple& tuple) const { return "tuple of " + count(tuple.elements.size()); }
    std::string operator()(const List& list) const { return "list of " + count(list.elements.size()); }
    std::string operator()(const Dict& dict) const { return "dict of " + count(dict.entries.size()); }
    static std::string count(std::size_t size) { return std::to_string(size); }
  };
  return std::visit(Namer{}, static_cast<const ValueKinds&>(value));
}

}  // namespace zoo
