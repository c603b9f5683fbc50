// How far two tensors are apart, measured against a tolerance.
#pragma once

#include <string>

#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

struct Difference {
  double worst = 0;  // largest |a - b|
  double ratio =
      0;  // of what is allowed: largest |a - b| / (atol + rtol |b|), or the share of an error limit
};

// Infinite where the shapes differ or a NaN occurs in either. dtypes other than float32, float64, int32 and
// int64 are equal byte for byte or infinitely far apart.
Difference compare(const Tensor& actual, const Tensor& expected, double atol, double rtol);
// Against the range and deviation of what was expected; floats only.
Difference compare(const Tensor& actual, const Tensor& expected, const ErrorLimit& limit);

// `name` is that of the output or state, which may have a tolerance of its own.
Difference compare(const Tensor& actual, const Tensor& expected, const std::string& name,
                   const Criterion& criterion);
Difference larger(const Difference& a, const Difference& b);

}  // namespace zoo
