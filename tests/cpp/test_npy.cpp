#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "zoo/npy.h"

namespace zoo::test {
namespace {

std::string with_header(const std::string& header, const std::string& data, char major = 1) {
  std::string file = "\x93NUMPY";
  file += major;
  file += '\0';
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  if (major > 1) file += std::string(2, '\0');
  return file + header + data;
}

std::string header(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }          \n";
}

Tensor parse(const std::string& file) { return parse_npy(std::as_bytes(std::span(file)), "input"); }

std::string message(const std::string& file) {
  return ERROR_OF(Status::bad_data, [&] { parse(file); });
}

}  // namespace

TEST(npy) {
  const std::string six_floats(24, '\0');
  const std::string plain = header("'<f4'", "False", "(2, 3)");
  for (const char major : {'\1', '\2', '\3'})
    CHECK(parse(with_header(plain, six_floats, major)).shape() == (Shape{2, 3}));
  CHECK(parse(with_header("{\"shape\":(6,),\"fortran_order\":False,\"descr\":\"<f4\"}", six_floats)).rank() ==
        1);
  CHECK(parse(with_header(header("'<i8'", "False", "()"), std::string(8, '\0'))).shape().empty());
  CHECK(parse(with_header(header("'<f8'", "False", "(0, 3)"), "")).size() == 0);

  CHECK(contains(message(with_header(header("'>f4'", "False", "(2, 3)"), six_floats)), "big-endian"));
  CHECK(contains(message(with_header(header("'<f4'", "True", "(2, 3)"), six_floats)), "Fortran"));
  CHECK(contains(message(with_header(header("'|O'", "False", "(2, 3)"), six_floats)), "Python objects"));
  CHECK(contains(message(with_header(header("[('a', '<f4')]", "False", "(6,)"), six_floats)), "structured"));
  CHECK(
      contains(message(with_header(header("'<c8'", "False", "(3,)"), six_floats)), "expected float16/32/64"));
  CHECK(parse(with_header(header("'<f2'", "False", "(3, 4)"), six_floats)).dtype() == DType::float16);
  CHECK(parse(with_header(header("'|b1'", "False", "(24,)"), six_floats)).dtype() == DType::boolean);
  CHECK(contains(message(with_header(plain, six_floats + "x")), "trailing"));
  CHECK(contains(message(with_header(plain, six_floats.substr(1))), "truncated"));
  CHECK(contains(message(with_header(plain, six_floats, 4)), "version 4"));
  CHECK(contains(message("PK\3\4"), "not a .npy"));
  CHECK(contains(message(with_header(plain, "").substr(0, 40)), "larger than the file"));
  CHECK(contains(message(with_header(header("'<f4'", "False", "(9999999999, 9999999999, 9)"), "")),
                 "too large"));
  CHECK(contains(message(with_header(header("'<f4'", "False", "(99999999999999999999,)"), "")), "too large"));
  CHECK(contains(message(with_header(header("'<f4'", "False", "(-1,)"), "")), "not a tuple of sizes"));
  for (const std::string bad :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4'}", "{'x': 1}", "[1]"}) {
    CHECK(contains(message(with_header(bad, "")), "bad .npy header"));
  }
  // Whatever the header's damage, it is an Error.
  const std::string file = with_header(plain, six_floats);
  for (std::size_t bit = 0; bit < (file.size() - six_floats.size()) * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    try {
      parse(damaged);
    } catch (const Error& error) {
      CHECK(error.status() == Status::bad_data);
    }
  }

  const Tensor tensor = Tensor::of<float>({2, 1, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  const auto encoded = encode_npy(tensor);
  CHECK(encoded.size() % 64 == tensor.bytes().size() % 64);
  const Tensor again = parse_npy(encoded, "again");
  CHECK(again.shape() == tensor.shape() && std::ranges::equal(again.values<float>(), tensor.values<float>()));
  const Tensor half(DType::bfloat16, {1}, {std::byte{0x80}, std::byte{0x3f}});
  CHECK(parse_npy(encode_npy(half), "bfloat16").values<float>()[0] == 1.0F);
}

}  // namespace zoo::test
