// Raw .bin input: numbers without a header, whose shape and dtype are told from outside.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo::cli {

// "1x100x12"; one size may be -1. Throws Error(usage).
Shape parse_shape(std::string_view text);
// float32, float64, int32, int64. Throws Error(usage).
DType parse_dtype(std::string_view text);
// A flag's value for each of `count` inputs: one for all of them, or as many as there are, between commas.
// Throws Error(usage).
std::vector<std::optional<std::string>> spread(const std::string& flag,
                                               const std::optional<std::string>& value, std::size_t count);

// The shape of an input that nothing is said of: batch 1, seq_len -1. Throws Error(usage) where a dimension
// with another name occurs.
Shape default_shape(const TensorSpec& spec);

// -1 stands for what the number of bytes leaves. Throws Error(bad_data) where they do not fit; `what` names
// them.
Tensor parse_raw(std::span<const std::byte> bytes, DType dtype, const Shape& shape, const std::string& what);

}  // namespace zoo::cli
