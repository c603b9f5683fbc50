// The error of each feature of an output over all samples, which one sample alone has too few values for.
#pragma once

#include <cstddef>
#include <vector>

#include "core/compare.h"
#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

class FeatureErrors {
 public:
  // `sizes` are those of the output; of whole numbers they are empty.
  FeatureErrors(const ErrorLimit& limit, const FeatureSizes& sizes);

  // Adds values without padding. Those of another shape or dtype than expected are infinitely far away.
  void add(const Tensor& actual, const Tensor& expected);
  // The largest share of what a feature may take, or that of the values that changed.
  [[nodiscard]] Difference difference() const;

 private:
  ErrorLimit limit_;
  FeatureSizes sizes_;
  Difference worst_;  // of single values
  std::vector<double> squares_;
  std::size_t values_ = 0;
  std::size_t changed_ = 0;
};

}  // namespace zoo
