#include "base/half.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

namespace zoo {

float from_float16(std::uint16_t bits) {
  const bool negative = (bits >> 15) != 0;
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  float value = 0;
  if (exponent == 0x1F) {
    value = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(fraction), -24);  // a denormal
  } else {
    value = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return negative ? -value : value;
}

float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

Tensor widen(const Tensor& tensor) {
  Tensor wide(DType::float32, tensor.shape());
  const auto values = wide.values<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, tensor.bytes().data() + i * sizeof(bits), sizeof(bits));
    values[i] = tensor.dtype() == DType::float16 ? from_float16(bits) : from_bfloat16(bits);
  }
  return wide;
}

}  // namespace zoo
