// How far two tensors are apart, measured by a tolerance.
#pragma once

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
// Measured by the range and the deviation of `expected`; for floats only.
Difference compare(const Tensor& actual, const Tensor& expected, const ErrorLimit& limit);

// `name` is that of the output or state, which may have a tolerance of its own.
Difference compare(const Tensor& actual, const Tensor& expected, const std::string& name,
                   const Criterion& criterion);
// The largest |a - b| over the range of `expected`. One number has no range: its size stands for it. Of
// numbers that are nearly the same it is a hundredth of their size, so that a ten-thousandth of it is above
// float32's rounding. Infinite where shapes, dtypes, NaNs or infinities differ.
double share_of_range(const Tensor& actual, const Tensor& expected);
// The larger of each part.
Difference larger(const Difference& a, const Difference& b);

}  // namespace zoo
