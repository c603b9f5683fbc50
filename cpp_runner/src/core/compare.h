// How far two tensors are apart, measured by a tolerance.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

struct Difference {
  double worst = 0;  // the largest |a - b|
  // The largest share of what is allowed: |a - b| / (atol + rtol |b|), or the share of an error limit.
  double ratio = 0;
};

// Integers are equal, or differ by more than is allowed. Infinite where the shapes differ or either has a
// NaN. Tensors of dtypes other than float32, float64, int32 and int64 are equal byte for byte, or infinitely
// far apart.
Difference compare(const Tensor& actual, const Tensor& expected, double atol, double rtol);
// Measured by the range and the deviation of `expected`, and for each feature by the range in `sizes`. Of
// whole numbers the share counts that is not the same.
Difference compare(const Tensor& actual, const Tensor& expected, const ErrorLimit& limit,
                   const FeatureSizes& sizes);

// `name` is that of the output or state, which may have a tolerance and features of its own.
Difference compare(const Tensor& actual, const Tensor& expected, const std::string& name,
                   const Criterion& criterion, const std::map<std::string, FeatureSizes>& features);

// Whether values have a distance, rather than being right or wrong.
bool is_float(DType dtype);
// How many values are not the same, of two tensors of one shape and dtype.
std::size_t count_changed(const Tensor& actual, const Tensor& expected);
// The largest |a - b| over the range of `expected`. One number has no range: its size stands for it. Of
// numbers that are nearly the same it is a hundredth of their size, so that a ten-thousandth of it is above
// float32's rounding. Infinite where shapes, dtypes, NaNs or infinities differ.
double share_of_range(const Tensor& actual, const Tensor& expected);
// The larger of each part.
Difference larger(const Difference& a, const Difference& b);

}  // namespace zoo
