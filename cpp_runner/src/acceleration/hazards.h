// What keeps the pass from a module: it works on a frozen copy, and copying or freezing would change what
// these modules compute.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>

namespace zoo {

// Whether a method of the module has an operator of the engine, as an accelerated and saved module has.
bool has_engine_operators(const torch::jit::Module& module);

// Whether a method may change the module: an attribute, or what an attribute holds.
bool keeps_state(const torch::jit::Module& module);

// How far another number of rows or steps may move a result, as a share of its range: sums are added in
// another order, in 16 bits perhaps, and PyTorch's dynamic quantization rounds activations by the largest of
// all rows and steps.
double rounding_share(const torch::jit::Module& module);

// The first reason not to copy and freeze the module, or nothing.
std::optional<std::string> find_hazard(const torch::jit::Module& module);

// Reasons that are seen only after freezing, when flags have become constants.
std::optional<std::string> find_hazard_when_frozen(const torch::jit::Module& frozen);

}  // namespace zoo
