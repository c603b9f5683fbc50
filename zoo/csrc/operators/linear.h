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

// With int8 weights each row of activations is quantized by itself, or in a fixed range, so that its result
// does not depend on the other rows.
Tensor linear_operator(const Tensor& input, const Tensor& packed);

// A copy of an int8 layer with a fixed range of activations: range (2) has the smallest and the largest, with
// 0 between them.
Tensor fix_linear_range_operator(const Tensor& packed, const Tensor& range);

// [weight, bias], dequantized; a bias of zeros where the layer has none.
std::vector<Tensor> unpack_linear_operator(const Tensor& packed);

}  // namespace zoo::engine
