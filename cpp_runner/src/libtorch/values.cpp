#include "libtorch/values.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>

#include <string>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "libtorch/convert.h"
#include "zoo/error.h"

namespace zoo {
namespace {

using Converted = std::optional<c10::IValue>;

std::optional<std::vector<c10::IValue>> convert_all(const std::vector<Value>& values,
                                                    const std::vector<c10::TypePtr>& types,
                                                    const c10::Device& device) {
  std::vector<c10::IValue> converted;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Converted element = to_ivalue(values[i], types[i], device);
    if (!element) return std::nullopt;
    converted.push_back(std::move(*element));
  }
  return converted;
}

Converted convert_tuple(const Tuple& tuple, const c10::TypePtr& type, const c10::Device& device) {
  const auto* expected = type->castRaw<c10::TupleType>();
  if (expected == nullptr || expected->elements().size() != tuple.elements.size()) return std::nullopt;
  auto elements = convert_all(tuple.elements, expected->elements().vec(), device);
  if (!elements) return std::nullopt;
  if (expected->schema()) {
    return c10::IValue(c10::ivalue::Tuple::createNamed(std::move(*elements), type));
  }
  return c10::IValue(c10::ivalue::Tuple::create(std::move(*elements)));
}

Converted convert_list(const List& list, const c10::TypePtr& type, const c10::Device& device) {
  const auto* expected = type->castRaw<c10::ListType>();
  if (expected == nullptr) return std::nullopt;
  const std::vector<c10::TypePtr> types(list.elements.size(), expected->getElementType());
  auto elements = convert_all(list.elements, types, device);
  if (!elements) return std::nullopt;
  c10::impl::GenericList converted(expected->getElementType());
  for (c10::IValue& element : *elements) converted.push_back(std::move(element));
  return c10::IValue(std::move(converted));
}

Converted convert_key(const std::string& key, const c10::TypePtr& type) {
  if (type->kind() == c10::TypeKind::StringType) return c10::IValue(key);
  if (type->kind() != c10::TypeKind::IntType) return std::nullopt;
  const auto number = parse_number<std::int64_t>(key);
  return number ? Converted(c10::IValue(*number)) : std::nullopt;
}

Converted convert_dict(const Dict& dict, const c10::TypePtr& type, const c10::Device& device) {
  const auto* expected = type->castRaw<c10::DictType>();
  if (expected == nullptr) return std::nullopt;
  c10::impl::GenericDict converted(expected->getKeyType(), expected->getValueType());
  for (const auto& [key, entry] : dict.entries) {
    Converted k = convert_key(key, expected->getKeyType());
    Converted v = to_ivalue(entry, expected->getValueType(), device);
    if (!k || !v) return std::nullopt;
    converted.insert(std::move(*k), std::move(*v));
  }
  return c10::IValue(std::move(converted));
}

std::string key_text(const c10::IValue& key) {
  if (key.isString()) return key.toStringRef();
  if (key.isInt()) return std::to_string(key.toInt());
  throw Error(Status::bad_data,
              "the model gave a dict whose keys are " + key.tagKind() + ", expected str or int");
}

Tuple from_tuple(const c10::ivalue::Tuple& tuple) {
  Tuple result;
  for (const c10::IValue& element : tuple.elements()) result.elements.push_back(from_ivalue(element));
  if (const auto schema = tuple.type()->schema()) {  // only a NamedTuple has one
    for (const c10::Argument& argument : schema->arguments()) result.names.push_back(argument.name());
  }
  return result;
}

}  // namespace

Converted to_ivalue(const Value& value, const c10::TypePtr& type, const c10::Device& device) {
  if (const auto* optional = type->castRaw<c10::OptionalType>()) {
    if (std::holds_alternative<std::monostate>(value)) return c10::IValue();
    return to_ivalue(value, optional->getElementType(), device);
  }
  if (const auto* tuple = std::get_if<Tuple>(&value)) return convert_tuple(*tuple, type, device);
  if (const auto* list = std::get_if<List>(&value)) return convert_list(*list, type, device);
  if (const auto* dict = std::get_if<Dict>(&value)) return convert_dict(*dict, type, device);
  c10::IValue converted;
  if (const auto* tensor = std::get_if<Tensor>(&value)) converted = to_torch(*tensor, device);
  if (const auto* text = std::get_if<std::string>(&value)) converted = *text;
  if (const auto* flag = std::get_if<bool>(&value)) converted = *flag;
  if (const auto* number = std::get_if<double>(&value)) converted = *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    converted = type->kind() == c10::TypeKind::FloatType ? c10::IValue(static_cast<double>(*number))
                                                         : c10::IValue(*number);
  }
  return converted.type()->isSubtypeOf(*type) ? Converted(std::move(converted)) : std::nullopt;
}

Value from_ivalue(const c10::IValue& value) {
  if (value.isTensor()) return value.toTensor().defined() ? Value(from_torch(value.toTensor())) : Value();
  if (value.isTuple()) return from_tuple(value.toTupleRef());
  if (value.isList()) {
    List list;
    for (const c10::IValue& element : value.toListRef()) list.elements.push_back(from_ivalue(element));
    return list;
  }
  if (value.isGenericDict()) {
    Dict dict;
    for (const auto& entry : value.toGenericDict()) {
      dict.entries.emplace_back(key_text(entry.key()), from_ivalue(entry.value()));
    }
    return dict;
  }
  if (value.isInt()) return value.toInt();
  if (value.isDouble()) return value.toDouble();
  if (value.isBool()) return value.toBool();
  if (value.isString()) return value.toStringRef();
  if (value.isNone()) return {};
  throw Error(Status::bad_data,
              "the model gave a value of type " + value.tagKind() +
                  ", expected tensors, numbers and text, or tuples, lists and dicts of them");
}

}  // namespace zoo
