#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "check.h"
#include "core/compare.h"
#include "core/feature_errors.h"

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

TEST(a_feature_is_measured_by_its_own_cap) {
  const Tensor expected = Tensor::of({2, 2}, std::vector<float>{1e6F, 1, 2e6F, 2});
  const Tensor off = Tensor::of({2, 2}, std::vector<float>{1e6F, 1, 2e6F, 2.25F});
  Tolerance tolerance{
      .atol = 10, .rtol = 0, .of_range = 0, .of_rounding = 1, .of_feature_range = 0, .atol_of = {}};
  const std::map<std::string, FeatureSizes> features{{"output", {{5, 0.125}, {}, {}}}};
  CHECK(near(compare(off, expected, "output", tolerance, features).ratio, 2));
  CHECK(near(compare(off, expected, "output", tolerance, {}).ratio, 0.025));
  tolerance.of_rounding = 0;
  CHECK(near(compare(off, expected, "output", tolerance, features).ratio, 0.025));
}

TEST(all_samples_together_judge_each_feature) {
  const ErrorLimit limit{.max_of_range = 0.04, .rms_of_std = 0.02, .of_feature = 10};
  FeatureErrors errors(limit, {{}, {1000, 1}, {500, 0.5}});
  const Tensor expected = Tensor::of({1, 2}, std::vector<float>{0, 0});
  errors.add(Tensor::of({1, 2}, std::vector<float>{1, 0.25F}), expected);
  CHECK(near(errors.difference().ratio, 2.5));  // 0.25 of the deviation 0.5, of which a fifth is allowed
  errors.add(expected, expected);
  CHECK(near(errors.difference().ratio, 2.5 / std::sqrt(2.0)));
}

TEST(whole_numbers_are_judged_by_the_share_that_changed) {
  const ErrorLimit limit{.max_of_range = 0.04, .rms_of_std = 0.02, .of_feature = 10};
  FeatureErrors errors(limit, {});
  std::vector<std::int64_t> labels(100, 3);
  const Tensor expected = Tensor::of({100}, labels);
  labels[7] = 4;
  errors.add(Tensor::of({100}, labels), expected);
  CHECK(near(errors.difference().ratio, 0.5));
  labels[8] = labels[9] = 90;
  errors.add(Tensor::of({100}, labels), expected);
  CHECK(near(errors.difference().ratio, 1));
}
