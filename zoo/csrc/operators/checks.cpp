#include "operators/checks.h"

#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace zoo::engine {
namespace {

std::string dims_text(std::initializer_list<int64_t> dims) {
  std::string text;
  for (const int64_t dim : dims) text += (text.empty() ? "" : ", ") + (dim < 0 ? "any" : std::to_string(dim));
  return "(" + text + ")";
}

constexpr size_t kMostDims = 16;

Tensor empty(std::span<const int64_t> dims, int32_t dtype) {
  if (dims.size() > kMostDims)
    fail("linear", "expected at most ", kMostDims, " dimensions, got ", dims.size());
  int64_t strides[kMostDims];
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(dims[i], 1);
  }
  AtenTensorHandle handle = nullptr;
  TORCH_ERROR_CODE_CHECK(aoti_torch_empty_strided(static_cast<int64_t>(dims.size()), dims.data(), strides,
                                                  dtype, aoti_torch_device_type_cpu(), 0, &handle));
  return Tensor(handle);
}

}  // namespace

std::string alternatives(const std::vector<std::string_view>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string shape_text(const Tensor& tensor) {
  std::string text;
  for (int64_t i = 0; i < tensor.dim(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(tensor.size(i));
  return "(" + text + ")";
}

void check_floats(const OperatorName& op, const char* name, const Tensor& tensor) {
  if (!tensor.is_cpu()) fail(op, name, " must be on the CPU; move it with .cpu()");
  if (tensor.scalar_type() != torch::headeronly::ScalarType::Float) {
    fail(op, name, " must be float32; convert it with .float()");
  }
}

void check_floats(const OperatorName& op, const char* name, const Tensor& tensor,
                  std::initializer_list<int64_t> dims) {
  check_floats(op, name, tensor);
  bool fits = tensor.dim() == static_cast<int64_t>(dims.size());
  for (size_t i = 0; fits && i < dims.size(); ++i) {
    const int64_t expected = dims.begin()[i];
    fits = expected < 0 || tensor.size(static_cast<int64_t>(i)) == expected;
  }
  if (!fits) fail(op, "expected ", name, " of shape ", dims_text(dims), ", got ", shape_text(tensor));
}

Tensor contiguous_floats(const OperatorName& op, const char* name, const Tensor& tensor,
                         std::initializer_list<int64_t> dims) {
  check_floats(op, name, tensor, dims);
  return tensor.is_contiguous() ? tensor : torch::stable::contiguous(tensor);
}

Tensor check_ranges(const OperatorName& op, const Tensor& ranges, std::initializer_list<int64_t> dims) {
  const Tensor checked = contiguous_floats(op, "ranges", ranges, dims);
  const float* numbers = read(checked);
  for (int64_t i = 0; i < checked.numel(); i += 2) {
    const float low = numbers[i], high = numbers[i + 1];
    if (!(low <= 0.0f && high >= 0.0f && std::isfinite(low) && std::isfinite(high))) {
      fail(op, "expected ranges of finite numbers with 0 between them, got ", low, " to ", high);
    }
  }
  return checked;
}

const Tensor& check_bytes(const OperatorName& op, const Tensor& packed) {
  if (!packed.is_cpu() || packed.scalar_type() != torch::headeronly::ScalarType::Byte || packed.dim() != 1 ||
      !packed.is_contiguous()) {
    fail(op, "packed must be a contiguous 1-d uint8 tensor on the CPU, as the pack operators make");
  }
  return packed;
}

StackSizes check_packed(const OperatorName& op, const Tensor& packed) {
  check_bytes(op, packed);
  StackSizes sizes;
  const char* wrong = read_header(static_cast<const uint8_t*>(packed.data_ptr()),
                                  static_cast<size_t>(packed.numel()), &sizes);
  if (wrong != nullptr) fail(op, "packed is ", wrong, "; pack the weights again");
  return sizes;
}

Precision find_precision(const OperatorName& op, std::string_view name) {
  const auto* found = std::ranges::find(kPrecisionNames, name);
  if (found == std::end(kPrecisionNames)) {
    fail(op, "precision must be ", alternatives({std::begin(kPrecisionNames), std::end(kPrecisionNames)}),
         ", got '", name, "'");
  }
  return static_cast<Precision>(found - std::begin(kPrecisionNames));
}

int check_batch(const OperatorName& op, int64_t batch) {
  if (batch > kLargestBatch)
    fail(op, "a batch of ", batch, " rows is too large; give at most ", kLargestBatch);
  return static_cast<int>(batch);
}

Tensor empty_floats(std::span<const int64_t> dims) { return empty(dims, aoti_torch_dtype_float32()); }

Tensor empty_floats(std::initializer_list<int64_t> dims) {
  return empty_floats(std::span(dims.begin(), dims.size()));
}

Tensor empty_bytes(int64_t bytes) { return empty(std::span(&bytes, 1), aoti_torch_dtype_uint8()); }

}  // namespace zoo::engine
