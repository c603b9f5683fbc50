#include "core/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/input_checks.h"

namespace zoo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double ratio_of(double difference, double allowed) {
  if (difference == 0) return 0;
  // An expected infinity allows an infinite distance; it must not let anything through.
  return allowed > 0 && difference < kInfinity ? difference / allowed : kInfinity;
}

// `caps`, if there are any, bound the tolerance of each feature.
template <typename T>
Difference compare_values(std::span<const T> actual, std::span<const T> expected, double atol, double rtol,
                          std::span<const double> caps) {
  Difference difference;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto a = static_cast<double>(actual[i]);
    const auto b = static_cast<double>(expected[i]);
    const double distance = a == b ? 0 : std::abs(a - b);  // inf - inf would be NaN
    if (std::isnan(distance)) return {kInfinity, kInfinity};
    difference.worst = std::max(difference.worst, distance);
    double allowed = atol + rtol * std::abs(b);
    if (!caps.empty()) allowed = std::min(allowed, caps[i % caps.size()]);
    difference.ratio = std::max(difference.ratio, ratio_of(distance, allowed));
  }
  return difference;
}

template <typename T>
double range_of(std::span<const T> values) {
  const auto [low, high] = std::ranges::minmax(values);
  return static_cast<double>(high) - static_cast<double>(low);
}

// Nothing where the tolerance has no rule for features, or the file no sizes of them.
std::vector<double> feature_caps(const Tolerance& tolerance, const FeatureSizes& sizes) {
  std::vector<double> caps;
  const auto bound = [&](double factor, const std::vector<double>& by) {
    if (factor <= 0 || by.empty()) return;
    caps.resize(by.size(), kInfinity);
    for (std::size_t i = 0; i < by.size(); ++i) caps[i] = std::min(caps[i], factor * by[i]);
  };
  bound(tolerance.of_rounding, sizes.rounding);
  bound(tolerance.of_feature_range, sizes.range);
  return caps;
}

Difference compare_within(const Tensor& actual, const Tensor& expected, double atol, double rtol,
                          std::span<const double> caps) {
  if (actual.shape() != expected.shape() || actual.dtype() != expected.dtype()) return {kInfinity, kInfinity};
  switch (actual.dtype()) {
    case DType::float32:
      return compare_values(actual.values<float>(), expected.values<float>(), atol, rtol, caps);
    case DType::float64:
      return compare_values(actual.values<double>(), expected.values<double>(), atol, rtol, caps);
    // Tokens and counts are right or wrong.
    case DType::int32:
      return compare_values(actual.values<std::int32_t>(), expected.values<std::int32_t>(), 0, 0, {});
    case DType::int64:
      return compare_values(actual.values<std::int64_t>(), expected.values<std::int64_t>(), 0, 0, {});
    default:
      break;
  }
  const bool equal = std::ranges::equal(actual.bytes(), expected.bytes());
  return equal ? Difference{} : Difference{kInfinity, kInfinity};
}

}  // namespace

Difference compare(const Tensor& actual, const Tensor& expected, double atol, double rtol) {
  return compare_within(actual, expected, atol, rtol, {});
}

Difference compare(const Tensor& actual, const Tensor& expected, const ErrorLimit& limit,
                   const FeatureSizes& sizes) {
  const Difference exact = compare(actual, expected, 0, 0);
  if (actual.shape() != expected.shape() || actual.dtype() != expected.dtype()) return exact;
  if (!is_float(expected.dtype())) {
    // One value of a short sample is more than any share; all samples together are judged by the share alone.
    const double most = std::max(1.0, limit.rms_of_std * static_cast<double>(expected.size()));
    return {exact.worst, static_cast<double>(count_changed(actual, expected)) / most};
  }
  if (exact.worst == 0 || exact.worst == kInfinity || expected.dtype() != DType::float32) return exact;
  Tolerance of_features;
  of_features.of_feature_range = limit.of_feature * limit.max_of_range;
  const double feature_ratio =
      compare_within(actual, expected, kInfinity, 0, feature_caps(of_features, sizes)).ratio;
  const auto a = actual.values<float>(), b = expected.values<float>();
  const auto [low, high] = std::ranges::minmax(b);
  // A few values, as in one row of a forecast, have no meaningful spread: their size is the measure.
  constexpr std::size_t few = 16;
  if (b.size() < few) {
    const double size = std::max(std::abs(static_cast<double>(low)), std::abs(static_cast<double>(high)));
    return {exact.worst, std::max(feature_ratio, ratio_of(exact.worst, limit.max_of_range * size))};
  }
  double sum = 0, squares = 0, error = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    sum += b[i];
    squares += static_cast<double>(b[i]) * b[i];
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  }
  const auto count = static_cast<double>(b.size());
  const double deviation = std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count)));
  return {exact.worst, std::max({feature_ratio, ratio_of(exact.worst, limit.max_of_range * range_of(b)),
                                 ratio_of(std::sqrt(error / count), limit.rms_of_std * deviation)})};
}

Difference compare(const Tensor& actual, const Tensor& expected, const std::string& name,
                   const Criterion& criterion, const std::map<std::string, FeatureSizes>& features) {
  const auto found = features.find(name);
  const FeatureSizes& sizes = found == features.end() ? FeatureSizes{} : found->second;
  if (const auto* limit = std::get_if<ErrorLimit>(&criterion))
    return compare(actual, expected, *limit, sizes);
  const auto& tolerance = std::get<Tolerance>(criterion);
  double atol = tolerance.atol_for(name);
  if (tolerance.of_range > 0 && expected.size() > 0) {
    if (expected.dtype() == DType::float32) {
      atol = std::max(atol, tolerance.of_range * range_of(expected.values<float>()));
    } else if (expected.dtype() == DType::float64) {
      atol = std::max(atol, tolerance.of_range * range_of(expected.values<double>()));
    }
  }
  return compare_within(actual, expected, atol, tolerance.rtol, feature_caps(tolerance, sizes));
}

bool is_float(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }

std::size_t count_changed(const Tensor& actual, const Tensor& expected) {
  const auto a = actual.bytes(), b = expected.bytes();
  if (expected.size() == 0) return 0;
  const std::size_t width = b.size() / expected.size();
  std::size_t changed = 0;
  for (std::size_t i = 0; i < b.size(); i += width) {
    changed += std::ranges::equal(a.subspan(i, width), b.subspan(i, width)) ? 0 : 1;
  }
  return changed;
}

double share_of_range(const Tensor& actual, const Tensor& expected) {
  if (actual.shape() != expected.shape() || actual.dtype() != expected.dtype()) return kInfinity;
  const Tensor a = convert(actual, DType::float64, "result"), b = convert(expected, DType::float64, "result");
  const auto x = a.values<double>(), y = b.values<double>();
  double worst = 0, low = kInfinity, high = -kInfinity;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (std::isfinite(y[i])) {
      low = std::min(low, y[i]);
      high = std::max(high, y[i]);
    }
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) return kInfinity;
    worst = std::max(worst, std::abs(x[i] - y[i]));
  }
  const double size = std::max(std::abs(low), std::abs(high));
  return worst == 0 ? 0 : worst / (y.size() == 1 ? size : std::max(high - low, 1e-2 * size));
}

Difference larger(const Difference& a, const Difference& b) {
  return {std::max(a.worst, b.worst), std::max(a.ratio, b.ratio)};
}

}  // namespace zoo
