#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "core/input_checks.h"

namespace zoo::test {
namespace {

Manifest make_manifest() {
  Manifest manifest;
  manifest.inputs = {{"input", DType::float32, {{-1, "batch"}, {-1, "seq_len"}, {3, {}}}, false, {}}};
  manifest.outputs = {{"output", DType::float32, {{-1, "batch"}, {2, {}}}, false, {}}};
  manifest.state = {{"h", DType::float32, {{1, {}}, {-1, "batch"}, {4, {}}}, false, {}}};
  return manifest;
}

Tensor ones(DType dtype, const Shape& shape) {
  return convert(Tensor::of(shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)), 1)),
                 dtype, "x");
}

Tensor integers(const std::vector<std::int64_t>& values) {
  return Tensor::of({static_cast<std::int64_t>(values.size())}, values);
}

void check(const Tensor& input, const std::optional<Tensor>& lengths = {}) {
  check_inputs(make_manifest(), input, lengths, false);
}

std::string message(const Tensor& input, const std::optional<Tensor>& lengths = {}) {
  return ERROR_OF(Status::bad_data, [&] { check(input, lengths); });
}

}  // namespace

TEST(lengths) {
  const Tensor input = ones(DType::float32, {2, 5, 3});
  check(input, integers({5, 1}));
  check(input, integers({0, 5}));
  CHECK(contains(message(input, integers({5})), "one length for each row"));
  CHECK(contains(message(input, integers({5, -1})), "lengths[1] is -1, expected 0..5"));
  CHECK(contains(message(input, integers({6, 1})), "lengths[0] is 6"));
  CHECK(contains(message(input, Tensor::of({2}, std::vector<float>{1, 1})), "expected int64"));
  const Tensor narrow = Tensor::of({2}, std::vector<std::int32_t>{1, 2});
  CHECK(check_inputs(make_manifest(), input, narrow, false).lengths->dtype() == DType::int64);
}

TEST(tokens) {
  Manifest manifest = make_manifest();
  manifest.inputs = {{"input", DType::int64, {{-1, "batch"}, {-1, "seq_len"}}, false, TokenRange{0, 9}}};
  const auto tokens = [&](const Tensor& input) {
    return ERROR_OF(Status::bad_data, [&] { check_inputs(manifest, input, {}, false); });
  };
  check_inputs(manifest, Tensor::of({1, 2}, std::vector<std::int64_t>{0, 9}), {}, false);
  check_inputs(manifest, Tensor::of({1, 2}, std::vector<std::int32_t>{0, 9}), {}, false);
  CHECK(contains(tokens(Tensor::of({1, 2}, std::vector<std::int64_t>{0, 10})),
                 "input[0, 1] is 10, expected a token in 0..9"));
  CHECK(contains(tokens(Tensor::of({1, 2}, std::vector<std::int64_t>{-1, 0})), "is -1"));
  CHECK(contains(tokens(Tensor::of({1, 2}, std::vector<float>{1, 2})), "is float32, expected int64"));
}

TEST(inputs) {
  check(ones(DType::float32, {2, 5, 3}));
  check(ones(DType::float64, {2, 5, 3}));
  CHECK(contains(message(ones(DType::float32, {5, 3})), "2 dimensions"));
  CHECK(contains(message(ones(DType::float32, {2, 5, 4})), "size 4 in dimension 2"));
  CHECK(contains(message(Tensor(DType::float32, {2, 0, 3})), "seq_len 0"));
  CHECK(contains(message(Tensor(DType::float32, {0, 5, 3})), "batch 0"));
  check(Tensor(DType::boolean, {1, 1, 3}));
  check(Tensor(DType::float16, {1, 1, 3}));
  Tensor infinite(DType::float16, {1, 1, 3});
  infinite.bytes()[3] = std::byte{0x7C};
  CHECK(contains(message(infinite), "1 NaN or Inf value, the first at [0, 0, 1]"));
  Tensor holed = ones(DType::float32, {2, 5, 3});
  holed.values<float>()[17] = std::numeric_limits<float>::quiet_NaN();
  holed.values<float>()[29] = std::numeric_limits<float>::infinity();
  CHECK(contains(message(holed), "2 NaN or Inf values, the first at [1, 0, 2]"));
  CHECK(check_inputs(make_manifest(), holed, {}, true).batch == 2);
  // A float64 that float32 cannot hold becomes an infinity, and is refused.
  CHECK(contains(message(Tensor::of({1, 1, 3}, std::vector<double>{1, 1e300, 1})), "Inf"));
  CHECK(contains(ERROR_OF(Status::bad_data, [] { convert(integers({1LL << 40}), DType::int32, "x"); }),
                 "does not fit int32"));
}

TEST(state_shapes) {
  check_state_shapes(make_manifest(), {{1, 2, 4}}, 2);
  CHECK(contains(ERROR_OF(Status::bad_data, [] { check_state_shapes(make_manifest(), {{1, 3, 4}}, 2); }),
                 "1x3x4"));
  CHECK(
      contains(ERROR_OF(Status::bad_data, [] { check_state_shapes(make_manifest(), {}, 2); }), "0 tensors"));
  CHECK(
      contains(ERROR_OF(Status::bad_data, [] { check_state_shapes(make_manifest(), {{4}}, 0); }), "shape 4"));
}

}  // namespace zoo::test
