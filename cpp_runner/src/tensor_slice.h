// Cutting tensors apart and joining them again along one axis.
#pragma once

#include <cstdint>
#include <vector>

#include "zoo/tensor.h"

namespace zoo {

// Elements begin..begin+count of dimension `axis`. The caller keeps the bounds.
Tensor slice(const Tensor& tensor, std::size_t axis, std::int64_t begin, std::int64_t count);
// Throws Error(bad_data) where dtypes, or sizes other than along `axis`, differ.
Tensor concatenate(const std::vector<Tensor>& tensors, std::size_t axis);
// Copies row `row` of dimension `axis` from one tensor to another of the same shape.
void copy_row(const Tensor& from, Tensor& to, std::size_t axis, std::int64_t row);

}  // namespace zoo
