#include "core/feature_errors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zoo {

FeatureErrors::FeatureErrors(const ErrorLimit& limit, const FeatureSizes& sizes)
    : limit_(limit), sizes_(sizes), squares_(sizes.deviation.size()) {}

void FeatureErrors::add(const Tensor& actual, const Tensor& expected) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Difference exact = compare(actual, expected, 0, 0);
  if (actual.shape() != expected.shape() || actual.dtype() != expected.dtype()) {
    worst_ = {infinity, infinity};
    return;
  }
  worst_.worst = std::max(worst_.worst, exact.worst);
  values_ += expected.size();
  changed_ += count_changed(actual, expected);
  if (expected.dtype() != DType::float32 || squares_.empty()) return;
  if (exact.worst == infinity) worst_.ratio = infinity;
  const auto a = actual.values<float>(), b = expected.values<float>();
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double off = a[i] == b[i] ? 0 : static_cast<double>(a[i]) - b[i];
    const std::size_t feature = i % squares_.size();
    squares_[feature] += off * off;
    const double most = limit_.of_feature * limit_.max_of_range * sizes_.range[feature];
    if (off != 0) worst_.ratio = std::max(worst_.ratio, std::abs(off) / most);
  }
}

Difference FeatureErrors::difference() const {
  if (values_ == 0) return worst_;
  if (squares_.empty()) {
    const double share = static_cast<double>(changed_) / static_cast<double>(values_);
    return {worst_.worst, std::max(worst_.ratio, share / limit_.rms_of_std)};
  }
  Difference found = worst_;
  const double count = static_cast<double>(values_) / static_cast<double>(squares_.size());
  for (std::size_t feature = 0; feature < squares_.size(); ++feature) {
    if (squares_[feature] == 0) continue;
    const double most = limit_.of_feature * limit_.rms_of_std * sizes_.deviation[feature];
    found.ratio = std::max(found.ratio, std::sqrt(squares_[feature] / count) / most);
  }
  return found;
}

}  // namespace zoo
