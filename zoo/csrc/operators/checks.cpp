#include "operators/checks.h"

#include <torch/csrc/stable/ops.h>

#include <algorithm>

namespace zoo {
namespace {

std::string dims_text(std::initializer_list<int64_t> dims) {
  std::string text;
  for (const int64_t dim : dims) text += (text.empty() ? "" : ", ") + (dim < 0 ? "any" : std::to_string(dim));
  return "(" + text + ")";
}

Tensor empty(std::initializer_list<int64_t> dims, int32_t dtype) {
  int64_t strides[8];
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(dims.begin()[i], 1);
  }
  AtenTensorHandle handle = nullptr;
  TORCH_ERROR_CODE_CHECK(aoti_torch_empty_strided(static_cast<int64_t>(dims.size()), dims.begin(), strides,
                                                  dtype, aoti_torch_device_type_cpu(), 0, &handle));
  return Tensor(handle);
}

}  // namespace

std::string shape_text(const Tensor& tensor) {
  std::string text;
  for (int64_t i = 0; i < tensor.dim(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(tensor.size(i));
  return "(" + text + ")";
}

void check_floats(const char* op, const char* name, const Tensor& tensor,
                  std::initializer_list<int64_t> dims) {
  if (!tensor.is_cpu()) fail(op, name, " must be on the CPU; move it with .cpu()");
  if (tensor.scalar_type() != torch::headeronly::ScalarType::Float) {
    fail(op, name, " must be float32; convert it with .float()");
  }
  bool fits = tensor.dim() == static_cast<int64_t>(dims.size());
  for (size_t i = 0; fits && i < dims.size(); ++i) {
    const int64_t expected = dims.begin()[i];
    fits = expected < 0 || tensor.size(static_cast<int64_t>(i)) == expected;
  }
  if (!fits) fail(op, "expected ", name, " of shape ", dims_text(dims), ", got ", shape_text(tensor));
}

Tensor contiguous_floats(const char* op, const char* name, const Tensor& tensor,
                         std::initializer_list<int64_t> dims) {
  check_floats(op, name, tensor, dims);
  return tensor.is_contiguous() ? tensor : torch::stable::contiguous(tensor);
}

StackSizes check_packed(const char* op, const Tensor& packed, std::initializer_list<Cell> cells) {
  if (!packed.is_cpu() || packed.scalar_type() != torch::headeronly::ScalarType::Byte || packed.dim() != 1 ||
      !packed.is_contiguous()) {
    fail(op, "packed must be a contiguous 1-d uint8 tensor on the CPU, as the pack operators make");
  }
  StackSizes sizes;
  const char* wrong = read_header(static_cast<const uint8_t*>(packed.data_ptr()),
                                  static_cast<size_t>(packed.numel()), &sizes);
  if (wrong != nullptr) fail(op, "packed is ", wrong, "; pack the weights again");
  if (std::find(cells.begin(), cells.end(), sizes.cell) == cells.end()) {
    fail(op,
         "packed holds the weights of another kind of cell; use the operator of the kind that was packed");
  }
  return sizes;
}

Precision parse_precision(const char* op, std::string_view precision) {
  if (precision == "fp32") return Precision::fp32;
  if (precision == "bf16") return Precision::bf16;
  if (precision == "int8") return Precision::int8;
  fail(op, "precision must be fp32, bf16 or int8, got '", precision, "'");
}

Tensor empty_floats(std::initializer_list<int64_t> dims) { return empty(dims, aoti_torch_dtype_float32()); }

Tensor empty_bytes(int64_t bytes) { return empty({bytes}, aoti_torch_dtype_uint8()); }

}  // namespace zoo
