// Floating-point numbers of 16 bits.
#pragma once

#include <cstdint>

#include "zoo/tensor.h"

namespace zoo {

// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
float from_float16(std::uint16_t bits);
// The upper half of a float32.
float from_bfloat16(std::uint16_t bits);

// A float32 tensor of the same values as one of float16 or bfloat16.
Tensor widen(const Tensor& tensor);

}  // namespace zoo
