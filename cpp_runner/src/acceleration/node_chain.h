// Follows a chain of operators, each of which is the only user of the one before.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace zoo {

// Whether a node calls LibTorch's operator of this name, "log", and with an overload name, that overload.
bool calls(const torch::jit::Node& node, std::string_view name);
bool calls(const torch::jit::Node& node, std::string_view name, std::string_view overload);

// The node that alone uses the value, in the value's own block; null where there is none.
torch::jit::Node* only_user(const torch::jit::Value& value);

// A constant tensor with so many dimensions; none where the value is something else.
std::optional<at::Tensor> constant_tensor(const torch::jit::Value& value, std::int64_t dims);

bool is_constant_int(const torch::jit::Value& value, std::int64_t expected);
// A constant list of one number.
bool is_constant_list(const torch::jit::Value& value, std::int64_t expected);
bool is_none(const torch::jit::Value& value);
std::optional<double> constant_number(const torch::jit::Value& value);

}  // namespace zoo
