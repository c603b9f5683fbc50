#pragma once

// Linear layers with packed weights, as operators. Shapes: weight (out_features, in_features), bias
// (out_features), input (..., in_features), output (..., out_features).

#include <torch/csrc/stable/tensor.h>

#include <optional>
#include <string>
#include <vector>

namespace zoo::engine {

using torch::stable::Tensor;

Tensor pack_linear_operator(const Tensor& weight, const std::optional<Tensor>& bias,
                            const std::string& precision);

// With int8 weights each row of activations is quantized by itself, so that its result does not depend on the
// other rows.
Tensor linear_operator(const Tensor& input, const Tensor& packed);

// [weight, bias], dequantized; a bias of zeros where the layer has none.
std::vector<Tensor> unpack_linear_operator(const Tensor& packed);

}  // namespace zoo::engine
