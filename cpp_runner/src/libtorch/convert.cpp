#include "libtorch/convert.h"

#include <ATen/core/function_schema.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <sstream>
#include <string>

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
  std::string cure;
  if (c10::isComplexType(type)) cure = "; let the model return torch.view_as_real of it";
  throw Error(Status::bad_data, std::string("the model gave a tensor of dtype ") + c10::toString(type) +
                                    ", expected a real floating-point type, an integer type or bool" + cure);
}

// "sparse_csr"
std::string layout_name(c10::Layout layout) {
  std::ostringstream text;
  text << layout;
  std::string name = text.str();
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

// Refuses a tensor that has no element in memory for each index.
void require_dense(const at::Tensor& tensor) {
  const auto fail = [](const std::string& kind, const std::string& method) {
    throw Error(Status::bad_data,
                "the model gave a " + kind + " tensor, expected a dense one; let the model return " + method);
  };
  if (tensor.is_nested()) fail("nested", "its padded form, to_padded_tensor");
  if (tensor.is_quantized()) fail("quantized", "its dequantize()");
  if (tensor.layout() != at::kStrided) fail(layout_name(tensor.layout()), "its to_dense()");
  if (tensor.is_meta()) fail("meta", "a tensor with elements");
}

}  // namespace

DType dtype_of(const at::Tensor& tensor) { return dtype_from(tensor.scalar_type()); }

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
  require_dense(tensor);
  const DType dtype = dtype_of(tensor);
  if (!tensor.is_cpu()) {
    Tensor result(dtype, tensor.sizes().vec());
    const auto options = at::TensorOptions().dtype(tensor.scalar_type());
    at::from_blob(result.bytes().data(), tensor.sizes(), options).copy_(tensor);
    return result;
  }
  // Without even the calls that would find nothing to do: a step takes only microseconds. The memory of a
  // tensor with the negative bit has the opposite signs, and `contiguous` alone would keep it.
  at::Tensor dense = tensor.is_neg() ? tensor.resolve_neg() : tensor;
  if (!dense.is_contiguous()) dense = dense.contiguous();
  const auto* begin = static_cast<const std::byte*>(dense.const_data_ptr());
  return Tensor(dtype, dense.sizes().vec(), std::vector<std::byte>(begin, begin + dense.nbytes()));
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
