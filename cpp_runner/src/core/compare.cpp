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

template <typename T>
Difference compare_values(std::span<const T> actual, std::span<const T> expected, double atol, double rtol) {
  Difference difference;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto a = static_cast<double>(actual[i]);
    const auto b = static_cast<double>(expected[i]);
    const double distance = a == b ? 0 : std::abs(a - b);  // inf - inf would be NaN
    if (std::isnan(distance)) return {kInfinity, kInfinity};
    difference.worst = std::max(difference.worst, distance);
    difference.ratio = std::max(difference.ratio, ratio_of(distance, atol + rtol * std::abs(b)));
  }
  return difference;
}

template <typename T>
double range_of(std::span<const T> values) {
  const auto [low, high] = std::ranges::minmax(values);
  return static_cast<double>(high) - static_cast<double>(low);
}

}  // namespace

Difference compare(const Tensor& actual, const Tensor& expected, double atol, double rtol) {
  if (actual.shape() != expected.shape() || actual.dtype() != expected.dtype()) return {kInfinity, kInfinity};
  switch (actual.dtype()) {
    case DType::float32:
      return compare_values(actual.values<float>(), expected.values<float>(), atol, rtol);
    case DType::float64:
      return compare_values(actual.values<double>(), expected.values<double>(), atol, rtol);
    // Tokens and counts are right or wrong.
    case DType::int32:
      return compare_values(actual.values<std::int32_t>(), expected.values<std::int32_t>(), 0, 0);
    case DType::int64:
      return compare_values(actual.values<std::int64_t>(), expected.values<std::int64_t>(), 0, 0);
    default:
      break;
  }
  const bool equal = std::ranges::equal(actual.bytes(), expected.bytes());
  return equal ? Difference{} : Difference{kInfinity, kInfinity};
}

Difference compare(const Tensor& actual, const Tensor& expected, const ErrorLimit& limit) {
  const Difference exact = compare(actual, expected, 0, 0);
  if (exact.worst == 0 || exact.worst == kInfinity || expected.dtype() != DType::float32) return exact;
  const auto a = actual.values<float>(), b = expected.values<float>();
  const auto [low, high] = std::ranges::minmax(b);
  // A few values, as in one row of a forecast, have no meaningful spread: their size is the measure.
  constexpr std::size_t few = 16;
  if (b.size() < few) {
    const double size = std::max(std::abs(static_cast<double>(low)), std::abs(static_cast<double>(high)));
    return {exact.worst, ratio_of(exact.worst, limit.max_of_range * size)};
  }
  double sum = 0, squares = 0, error = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    sum += b[i];
    squares += static_cast<double>(b[i]) * b[i];
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  }
  const auto count = static_cast<double>(b.size());
  const double deviation = std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count)));
  return {exact.worst, std::max(ratio_of(exact.worst, limit.max_of_range * range_of(b)),
                                ratio_of(std::sqrt(error / count), limit.rms_of_std * deviation))};
}

Difference compare(const Tensor& actual, const Tensor& expected, const std::string& name,
                   const Criterion& criterion) {
  if (const auto* limit = std::get_if<ErrorLimit>(&criterion)) return compare(actual, expected, *limit);
  const auto& tolerance = std::get<Tolerance>(criterion);
  double atol = tolerance.atol_for(name);
  if (tolerance.of_range > 0 && expected.size() > 0) {
    if (expected.dtype() == DType::float32) {
      atol = std::max(atol, tolerance.of_range * range_of(expected.values<float>()));
    } else if (expected.dtype() == DType::float64) {
      atol = std::max(atol, tolerance.of_range * range_of(expected.values<double>()));
    }
  }
  return compare(actual, expected, atol, tolerance.rtol);
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
