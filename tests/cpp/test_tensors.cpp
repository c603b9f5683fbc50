#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "compare.h"
#include "tensor_slice.h"
#include "tests.h"

namespace zoo::test {
namespace {

Tensor count_up(Shape shape) {
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::of(std::move(shape), values);
}

bool equal(const Tensor& a, const Tensor& b) { return compare(a, b, 0, 0).ratio == 0; }

void test_compare() {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const auto ratio = [](float a, float b) {
    return compare(Tensor::of({1}, std::vector{a}), Tensor::of({1}, std::vector{b}), 0.5, 0.25).ratio;
  };
  CHECK(ratio(2, 2) == 0);
  CHECK(ratio(3, 2) == 1);  // |a - b| = 1 = 0.5 + 0.25 * 2
  CHECK(ratio(-1, 2) == 3);
  CHECK(std::isinf(ratio(nan, nan)) && std::isinf(ratio(nan, 1)) && std::isinf(ratio(1, nan)));
  CHECK(ratio(infinity, infinity) == 0 && ratio(infinity, 1) > 1 && !(ratio(1, infinity) <= 1));
  CHECK(!equal(count_up({2, 3}), count_up({3, 2})));
  CHECK(!equal(count_up({1}), Tensor::of({1}, std::vector<double>{0})));
  CHECK(std::isinf(
      compare(Tensor::of({1}, std::vector{1.0F}), Tensor::of({1}, std::vector{2.0F}), 0, 0).ratio));
}

}  // namespace

void test_tensors() {
  const Tensor whole = count_up({2, 5, 3});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<Tensor> parts;
    for (std::int64_t i = 0; i < whole.shape()[axis]; ++i) parts.push_back(slice(whole, axis, i, 1));
    CHECK(equal(concatenate(parts, axis), whole));
  }
  CHECK(slice(whole, 1, 3, 2).values<float>()[0] == 9 && slice(whole, 1, 3, 2).values<float>()[6] == 24);
  Tensor copy = whole;
  copy_row(count_up({2, 5, 3}), copy, 1, 2);
  CHECK(equal(copy, whole));
  CHECK(!error_of(Status::bad_data, [&] { concatenate({whole, count_up({2, 5, 4})}, 1); }).empty());
  CHECK(!error_of(Status::bad_data, [&] { concatenate({whole, count_up({10})}, 1); }).empty());
  CHECK(!error_of(Status::bad_data, [] { Tensor(DType::float32, {2}, std::vector<std::byte>(7)); }).empty());
  CHECK(!error_of(Status::bad_data, [] { element_count({-1}); }).empty());
  CHECK(!error_of(Status::usage, [&] { static_cast<void>(whole.values<double>()); }).empty());
  CHECK(element_count({}) == 1 && element_count({3, 0, 4}) == 0);
  test_compare();
}

}  // namespace zoo::test
