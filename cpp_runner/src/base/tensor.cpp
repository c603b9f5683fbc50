#include "zoo/tensor.h"

#include <array>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include "zoo/error.h"

namespace zoo {
namespace {

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

// In the order of the enumeration.
constexpr std::array<DTypeInfo, 10> kDTypes{{
    {DType::float32, "float32", 4},
    {DType::float64, "float64", 8},
    {DType::float16, "float16", 2},
    {DType::bfloat16, "bfloat16", 2},
    {DType::int64, "int64", 8},
    {DType::int32, "int32", 4},
    {DType::int16, "int16", 2},
    {DType::int8, "int8", 1},
    {DType::uint8, "uint8", 1},
    {DType::boolean, "bool", 1},
}};

const DTypeInfo& info(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)]; }

std::size_t byte_count(DType dtype, const Shape& shape) {
  return static_cast<std::size_t>(element_count(shape)) * dtype_size(dtype);
}

std::string size_text(DType dtype, const Shape& shape) {
  return "a " + std::string(dtype_name(dtype)) + " tensor of shape " + shape_text(shape) + " takes " +
         std::to_string(byte_count(dtype, shape)) + " bytes";
}

std::vector<std::byte> zeros(DType dtype, const Shape& shape) {
  const auto fail = [&] {
    throw Error(Status::out_of_memory, size_text(dtype, shape) + ", more than this process can have",
                Hint::smaller_parts);
  };
  try {
    return std::vector<std::byte>(byte_count(dtype, shape));
  } catch (const std::bad_alloc&) {
    fail();
  } catch (const std::length_error&) {
    fail();
  }
  return {};
}

}  // namespace

std::string_view dtype_name(DType dtype) { return info(dtype).name; }

std::optional<DType> find_dtype(std::string_view name) {
  for (const DTypeInfo& entry : kDTypes) {
    if (entry.name == name) return entry.dtype;
  }
  return std::nullopt;
}

std::size_t dtype_size(DType dtype) { return info(dtype).size; }

bool is_floating(DType dtype) {
  return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::float16 ||
         dtype == DType::bfloat16;
}

std::string shape_text(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t size : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(size);
  }
  return text;
}

std::int64_t element_count(const Shape& shape) {
  constexpr std::int64_t limit = std::numeric_limits<std::int64_t>::max() / 8;
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t size : shape) {
    if (size < 0) throw Error(Status::bad_data, "shape " + shape_text(shape) + " has a negative size");
    if (size == 0) {
      empty = true;
    } else if (count > limit / size) {
      throw Error(Status::bad_data, "shape " + shape_text(shape) + " is too large: more than 2^60 elements");
    } else {
      count *= size;
    }
  }
  return empty ? 0 : count;
}

Tensor::Tensor() = default;

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), bytes_(zeros(dtype, shape_)) {}

Tensor::Tensor(DType dtype, Shape shape, std::vector<std::byte> bytes)
    : dtype_(dtype), shape_(std::move(shape)), bytes_(std::move(bytes)) {
  if (bytes_.size() != byte_count(dtype, shape_)) {
    throw Error(Status::bad_data, size_text(dtype, shape_) + ", got " + std::to_string(bytes_.size()));
  }
}

std::int64_t Tensor::size() const noexcept {
  return static_cast<std::int64_t>(bytes_.size() / dtype_size(dtype_));
}

void Tensor::require(std::optional<DType> dtype) const {
  if (dtype == dtype_) return;
  throw Error(Status::usage, "a tensor of " + std::string(dtype_name(dtype_)) + " was read as " +
                                 (dtype ? std::string(dtype_name(*dtype)) : "a type that no tensor has"));
}

}  // namespace zoo
