#pragma once

#include <torch/csrc/stable/tensor.h>

#include <string>

namespace zoo::engine {

using torch::stable::Tensor;

// The gate functions of the kernels, elementwise.
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor refined_tanh(const Tensor& x);

// Name of the instruction set in use.
std::string isa();

// Uses another instruction set in the whole process, for tests; returns the name of the one that was used
// before.
std::string force_isa_operator(const std::string& name);

// The tables of the engine as a JSON object: "isas" and "precisions", lists of names, and "cells", a list of
// objects in the order of their numbers.
std::string engine_tables();

}  // namespace zoo::engine
