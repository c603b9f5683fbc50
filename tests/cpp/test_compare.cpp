#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "core/compare.h"

using namespace zoo;

namespace {

Tensor row(const std::vector<float>& values) {
  return Tensor::of({static_cast<std::int64_t>(values.size())}, values);
}

bool near(double actual, double expected) { return std::abs(actual - expected) <= 1e-3 * expected; }

}  // namespace

TEST(a_difference_is_measured_by_the_range) {
  CHECK(share_of_range(row({1, 3}), row({1, 3})) == 0);
  CHECK(near(share_of_range(row({1, 3.5F}), row({1, 3})), 0.25));
}

TEST(one_number_is_measured_by_its_size) {
  const float unit = std::numeric_limits<float>::epsilon();
  CHECK(share_of_range(row({0.5F + unit}), row({0.5F})) < 1e-6);
  CHECK(near(share_of_range(row({0.6F}), row({0.5F})), 0.2));
}

TEST(rounding_of_numbers_that_are_nearly_the_same_is_small) {
  const float last = std::nextafter(2000.0F, 3000.0F);
  CHECK(share_of_range(row({2000.5F, last}), row({2000.5F, 2000})) < 1e-4);
  CHECK(share_of_range(row({2000.5F, 2001}), row({2000.5F, 2000})) > 1e-2);
}

TEST(what_cannot_be_compared_is_infinitely_far) {
  CHECK(std::isinf(share_of_range(row({1, 2}), row({1}))));
  CHECK(std::isinf(share_of_range(row({1, INFINITY}), row({1, 2}))));
}
