// A dense tensor in host memory: row-major, in the machine's byte order (little-endian). It owns its
// elements, and a copy copies them. Several threads may read one Tensor at the same time.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "zoo/export.h"

namespace zoo {

enum class DType : std::uint8_t {
  float32,
  float64,
  float16,
  bfloat16,
  int64,
  int32,
  int16,
  int8,
  uint8,
  boolean,
};

// PyTorch's name of a dtype: "float32", ..., "bool".
ZOO_API std::string_view dtype_name(DType dtype);
ZOO_API std::optional<DType> find_dtype(std::string_view name);
// Bytes of one element.
ZOO_API std::size_t dtype_size(DType dtype);
ZOO_API bool is_floating(DType dtype);

using Shape = std::vector<std::int64_t>;

// "1x100x12"; "scalar" for no dimensions.
ZOO_API std::string shape_text(const Shape& shape);
// The product of the sizes. Throws Error(bad_data) for a negative size, and for 2^60 elements or more.
ZOO_API std::int64_t element_count(const Shape& shape);

template <typename T>
constexpr std::optional<DType> dtype_of() {
  if constexpr (std::same_as<T, float>) return DType::float32;
  if constexpr (std::same_as<T, double>) return DType::float64;
  if constexpr (std::same_as<T, std::int64_t>) return DType::int64;
  if constexpr (std::same_as<T, std::int32_t>) return DType::int32;
  if constexpr (std::same_as<T, std::int16_t>) return DType::int16;
  if constexpr (std::same_as<T, std::int8_t>) return DType::int8;
  if constexpr (std::same_as<T, std::uint8_t>) return DType::uint8;
  return std::nullopt;
}

class ZOO_API Tensor {
 public:
  // Without elements: float32 of shape (0).
  Tensor();
  // Zeros. Throws Error(out_of_memory) where the process cannot have so many bytes.
  Tensor(DType dtype, Shape shape);
  // Throws Error(bad_data) unless the bytes fill the shape exactly.
  Tensor(DType dtype, Shape shape, std::vector<std::byte> bytes);

  // Copies `values`. Throws Error(bad_data) unless their number fits the shape.
  template <typename T>
  static Tensor of(Shape shape, std::span<const T> values) {
    static_assert(dtype_of<T>().has_value(), "no DType for this element type");
    const auto raw = std::as_bytes(values);
    return Tensor(*dtype_of<T>(), std::move(shape), std::vector<std::byte>(raw.begin(), raw.end()));
  }
  // Spans of values that may be written, such as values<float>() of a Tensor, and spans of a fixed size.
  template <typename T, std::size_t size>
  static Tensor of(Shape shape, std::span<T, size> values) {
    return of(std::move(shape), std::span<const std::remove_const_t<T>>(values));
  }
  template <typename T>
  static Tensor of(Shape shape, const std::vector<T>& values) {
    return of(std::move(shape), std::span<const T>(values));
  }

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::int64_t rank() const noexcept { return static_cast<std::int64_t>(shape_.size()); }
  [[nodiscard]] std::int64_t size() const noexcept;  // elements
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() noexcept { return bytes_; }

  // The elements, valid as long as this Tensor. Throws Error(usage) unless they are of type T.
  template <typename T>
  [[nodiscard]] std::span<const T> values() const {
    require(dtype_of<T>());
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  template <typename T>
  [[nodiscard]] std::span<T> values() {
    require(dtype_of<T>());
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

 private:
  void require(std::optional<DType> dtype) const;

  DType dtype_ = DType::float32;
  Shape shape_{0};
  std::vector<std::byte> bytes_;
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

}  // namespace zoo
