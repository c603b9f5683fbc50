// How far two tensors are apart, measured against a tolerance.
#pragma once

#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

struct Difference {
  double worst = 0;  // largest |a - b|
  double ratio = 0;  // largest |a - b| / (atol + rtol |b|)
};

// Infinite where the shapes differ or a NaN occurs in either. dtypes other than float32, float64, int32 and
// int64 are equal byte for byte or infinitely far apart.
Difference compare(const Tensor& actual, const Tensor& expected, double atol, double rtol);
Difference larger(const Difference& a, const Difference& b);

}  // namespace zoo
