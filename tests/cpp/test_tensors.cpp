#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/tensor_slice.h"
#include "check.h"
#include "core/compare.h"

namespace zoo::test {
namespace {

Tensor count_up(Shape shape) {
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::of(std::move(shape), values);
}

bool equal(const Tensor& a, const Tensor& b) { return compare(a, b, 0, 0).ratio == 0; }

}  // namespace

TEST(compare) {
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

TEST(tensors_of_spans) {
  std::array<float, 3> values{1, 2, 3};
  const Tensor expected = Tensor::of({1, 3}, std::vector<float>{1, 2, 3});
  CHECK(equal(Tensor::of({1, 3}, std::span(values)), expected));  // of a fixed size
  CHECK(equal(Tensor::of({1, 3}, std::span<float>(values)), expected));
  CHECK(equal(Tensor::of({1, 3}, std::span<const float, 3>(values)), expected));
  CHECK(equal(Tensor::of<float>({1, 3}, values), expected));
  Tensor written = expected;
  CHECK(equal(Tensor::of({1, 3}, written.values<float>()), expected));
}

TEST(tensors) {
  const Tensor whole = count_up({2, 5, 3});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<Tensor> parts;
    for (std::int64_t i = 0; i < whole.shape()[axis]; ++i) parts.push_back(slice(whole, axis, i, 1));
    CHECK(equal(concatenate(parts, axis), whole));
  }
  CHECK(slice(whole, 1, 3, 2).values<float>()[0] == 9 && slice(whole, 1, 3, 2).values<float>()[6] == 24);
  // Row 2 alone arrives.
  Tensor target(DType::float32, {2, 5, 3});
  copy_row(whole, target, 1, 2);
  for (std::int64_t row = 0; row < 5; ++row) {
    const Tensor expected = row == 2 ? slice(whole, 1, row, 1) : Tensor(DType::float32, {2, 1, 3});
    CHECK(equal(slice(target, 1, row, 1), expected));
  }
  CHECK(contains(ERROR_OF(Status::bad_data, [&] { concatenate({whole, count_up({2, 5, 4})}, 1); }), "2x5x4"));
  CHECK(contains(ERROR_OF(Status::bad_data, [&] { concatenate({whole, count_up({10})}, 1); }), "joined"));
  CHECK(contains(ERROR_OF(Status::bad_data, [] { Tensor(DType::float32, {2}, std::vector<std::byte>(7)); }),
                 "takes 8 bytes, got 7"));
  CHECK(contains(ERROR_OF(Status::bad_data, [] { element_count({-1}); }), "negative"));
  CHECK(contains(ERROR_OF(Status::usage, [&] { static_cast<void>(whole.values<double>()); }),
                 "float32 was read as float64"));
  CHECK(element_count({}) == 1 && element_count({3, 0, 4}) == 0);
}

}  // namespace zoo::test
