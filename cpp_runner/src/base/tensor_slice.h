// Cutting tensors along one axis, and joining them again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "zoo/tensor.h"

namespace zoo {

// Elements begin..begin+count of dimension `axis`. The caller checks the bounds.
Tensor slice(const Tensor& tensor, std::size_t axis, std::int64_t begin, std::int64_t count);
// Throws Error(bad_data) when dtypes differ, or sizes other than those along `axis`.
Tensor concatenate(const std::vector<Tensor>& tensors, std::size_t axis);
// Copies row `row` of dimension `axis` from one tensor to another of the same shape.
void copy_row(const Tensor& from, Tensor& to, std::size_t axis, std::int64_t row);

}  // namespace zoo
