#pragma once

#include <torch/csrc/stable/tensor.h>

#include <string>

namespace zoo {

using torch::stable::Tensor;

// The gate functions of the kernels, elementwise.
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor refined_tanh(const Tensor& x);

// Name of the instruction set in use: portable, avx2 or avx512.
std::string isa();

// Uses another instruction set in the whole process, for tests; returns the one used before.
std::string force_isa_operator(const std::string& name);

}  // namespace zoo
