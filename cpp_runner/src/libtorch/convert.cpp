#include "libtorch/convert.h"

#include <ATen/core/function_schema.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <cstring>

#include "zoo/error.h"

namespace zoo {
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return at::kFloat;
    case DType::float64:
      return at::kDouble;
    case DType::float16:
      return at::kHalf;
    case DType::bfloat16:
      return at::kBFloat16;
    case DType::int64:
      return at::kLong;
    case DType::int32:
      return at::kInt;
    case DType::int16:
      return at::kShort;
    case DType::int8:
      return at::kChar;
    case DType::uint8:
      return at::kByte;
    case DType::boolean:
      return at::kBool;
  }
  throw Error(Status::internal, "a dtype without a LibTorch counterpart");
}

DType dtype_from(at::ScalarType type) {
  for (const DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16, DType::int64,
                            DType::int32, DType::int16, DType::int8, DType::uint8, DType::boolean}) {
    if (scalar_type(dtype) == type) return dtype;
  }
  throw Error(Status::bad_data, std::string("the model gave a tensor of dtype ") + c10::toString(type) +
                                    ", expected a real floating-point type, an integer type or bool");
}

std::string key_text(const c10::IValue& key) {
  if (key.isString()) return key.toStringRef();
  if (key.isInt()) return std::to_string(key.toInt());
  throw Error(Status::bad_data,
              "the model gave a dict whose keys are " + key.tagKind() + ", expected str or int");
}

void flatten_into(const c10::IValue& value, const std::string& name, std::vector<NamedTensor>& outputs) {
  const auto inner = [&](const std::string& part) { return name.empty() ? part : name + "." + part; };
  if (value.isTensor()) {
    if (!value.toTensor().defined()) return;
    outputs.push_back({name, from_torch(value.toTensor())});
  } else if (value.isTuple()) {
    const auto tuple = value.toTuple();
    const auto schema = tuple->type()->schema();  // only a NamedTuple has one
    for (std::size_t i = 0; i < tuple->elements().size(); ++i) {
      flatten_into(tuple->elements()[i], inner(schema ? schema->arguments()[i].name() : std::to_string(i)),
                   outputs);
    }
  } else if (value.isList()) {
    const auto list = value.toListRef();
    for (std::size_t i = 0; i < list.size(); ++i) flatten_into(list[i], inner(std::to_string(i)), outputs);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      flatten_into(entry.value(), inner(key_text(entry.key())), outputs);
    }
  } else if (value.isInt()) {
    outputs.push_back({name, Tensor::of({}, std::vector<std::int64_t>{value.toInt()})});
  } else if (value.isDouble()) {
    outputs.push_back({name, Tensor::of({}, std::vector<double>{value.toDouble()})});
  } else if (value.isBool()) {
    outputs.push_back({name, Tensor(DType::boolean, {}, {value.toBool() ? std::byte{1} : std::byte{0}})});
  } else if (value.isString()) {
    // As bytes: then a .bin file of them is the text.
    const std::string& text = value.toStringRef();
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    outputs.push_back({name, Tensor(DType::uint8, {static_cast<std::int64_t>(text.size())},
                                    std::vector<std::byte>(begin, begin + text.size()))});
  } else if (!value.isNone()) {
    throw Error(Status::bad_data,
                "the model gave a value of type " + value.tagKind() +
                    ", expected tensors, numbers and text, or tuples, lists and dicts of them");
  }
}

}  // namespace

at::Tensor to_torch(const Tensor& tensor, const c10::Device& device) {
  const auto options = at::TensorOptions().dtype(scalar_type(tensor.dtype()));
  if (!device.is_cpu()) {
    // LibTorch only reads the caller's memory, and the copy to a device ends before `to` returns.
    auto* const data = const_cast<std::byte*>(tensor.bytes().data());
    return at::from_blob(data, tensor.shape(), options).to(device);
  }
  at::Tensor copy = at::empty(tensor.shape(), options);
  if (!tensor.bytes().empty())
    std::memcpy(copy.mutable_data_ptr(), tensor.bytes().data(), tensor.bytes().size());
  return copy;
}

Tensor from_torch(const at::Tensor& tensor) {
  const c10::InferenceMode inference;
  const DType dtype = dtype_from(tensor.scalar_type());
  if (!tensor.is_cpu()) {
    Tensor result(dtype, tensor.sizes().vec());
    const auto options = at::TensorOptions().dtype(tensor.scalar_type());
    at::from_blob(result.bytes().data(), tensor.sizes(), options).copy_(tensor);
    return result;
  }
  // Without even the call that would find nothing to do: a step takes only microseconds.
  const at::Tensor dense = tensor.is_contiguous() ? tensor : tensor.contiguous();
  const auto* begin = static_cast<const std::byte*>(dense.const_data_ptr());
  return Tensor(dtype, dense.sizes().vec(), std::vector<std::byte>(begin, begin + dense.nbytes()));
}

std::vector<NamedTensor> flatten(const c10::IValue& value) {
  std::vector<NamedTensor> outputs;
  flatten_into(value, "", outputs);
  if (outputs.size() == 1 && outputs[0].name.empty()) outputs[0].name = "output";
  return outputs;
}

std::pair<at::Tensor, std::vector<at::Tensor>> unpack_result(const c10::IValue& result) {
  const bool fits = result.isTuple() && result.toTupleRef().elements().size() == 2 &&
                    result.toTupleRef().elements()[0].isTensor() &&
                    result.toTupleRef().elements()[1].isTensorList();
  if (!fits) {
    throw Error(Status::bad_data,
                "forward must return (Tensor, List[Tensor]), it returned " + result.type()->repr_str());
  }
  const auto& elements = result.toTupleRef().elements();
  return {elements[0].toTensor(), elements[1].toTensorVector()};
}

}  // namespace zoo
