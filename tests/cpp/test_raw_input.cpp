#include <string>
#include <vector>

#include "check.h"
#include "cli/input.h"

namespace zoo::test {

TEST(raw_input) {
  using namespace zoo::cli;
  CHECK(parse_shape("1x100x12") == (Shape{1, 100, 12}));
  CHECK(parse_shape("7") == (Shape{7}));
  CHECK(parse_shape("-1x3") == (Shape{-1, 3}));
  for (const char* bad :
       {"", "x", "1x", "x1", "1xx2", "-1x-1", "-2", "1.5", "1 x 2", "a", "99999999999999999999"}) {
    CHECK(contains(ERROR_OF(Status::usage, [&] { parse_shape(bad); }), "not usable"));
  }
  CHECK(parse_dtype("int64") == DType::int64);
  CHECK(contains(ERROR_OF(Status::usage, [] { parse_dtype("complex64"); }), "'complex64' is not known"));
  CHECK(spread("--shape", "1,2", 2)[1] == "2" && spread("--shape", "1", 3)[2] == "1" &&
        !spread("--shape", {}, 1)[0]);
  CHECK(contains(ERROR_OF(Status::usage, [] { spread("--shape", "1,2", 3); }), "2 values for 3"));

  const std::vector<std::byte> bytes(48);
  CHECK(parse_raw(bytes, DType::float32, {2, -1, 3}, "input").shape() == (Shape{2, 2, 3}));
  CHECK(parse_raw(bytes, DType::int64, {6}, "input").size() == 6);
  CHECK(contains(ERROR_OF(Status::bad_data, [&] { parse_raw(bytes, DType::float32, {5, -1}, "input"); }),
                 "multiple of 20"));
  CHECK(contains(ERROR_OF(Status::bad_data, [&] { parse_raw(bytes, DType::float32, {13}, "input"); }),
                 "expected 52"));
  CHECK(contains(ERROR_OF(Status::bad_data, [&] { parse_raw(bytes, DType::float32, {0, -1}, "input"); }),
                 "multiple of 0"));
}

}  // namespace zoo::test
