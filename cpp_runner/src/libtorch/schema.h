// The methods of a module: their schemas in words, and arguments that fit them.
#pragma once

#include <ATen/core/function_schema.h>
#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "zoo/value.h"

namespace zoo {

// The schema without the module itself: "forward(Tensor input, int n=...) -> Tensor".
std::string schema_text(const c10::FunctionSchema& schema);

// Throws Error(bad_data) with the schema where an argument does not fit; LibTorch's own message has many
// lines.
std::vector<c10::IValue> fit_arguments(const c10::FunctionSchema& schema, const std::vector<Value>& values,
                                       const c10::Device& device);

// Throws Error(bad_data) with the methods that there are.
torch::jit::Method find_method(const torch::jit::Module& module, const std::string& name);

}  // namespace zoo
