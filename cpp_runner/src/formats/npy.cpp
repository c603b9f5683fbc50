#include "zoo/npy.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "base/half.h"
#include "base/message.h"
#include "base/numbers.h"
#include "formats/file.h"
#include "zoo/error.h"

namespace zoo {
namespace {

constexpr std::array<unsigned char, 6> kMagic{0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr std::size_t kAlignment = 64;

[[noreturn]] void fail(const std::string& what, const std::string& message) {
  throw Error(Status::bad_data, what + ": " + message);
}

struct Preamble {
  std::size_t header_begin = 0;
  std::size_t header_size = 0;
};

Preamble parse_preamble(std::span<const std::byte> bytes, const std::string& what) {
  if (!is_npy(bytes))
    fail(what, "not a .npy file: it does not begin with \\x93NUMPY; write it with numpy.save");
  if (bytes.size() < 10) fail(what, "the .npy file is truncated in its header");
  const auto major = std::to_integer<unsigned>(bytes[6]);
  if (major < 1 || major > 3) {
    fail(what, "the .npy file has version " + std::to_string(major) + ", expected 1, 2 or 3");
  }
  const std::size_t begin = major == 1 ? 10 : 12;
  const std::size_t size = major == 1 ? read_little_endian<std::uint16_t>(bytes, 8).value_or(0)
                                      : read_little_endian<std::uint32_t>(bytes, 8).value_or(0);
  if (bytes.size() < begin || size > bytes.size() - begin) {
    fail(what, "the .npy header is larger than the file: " + std::to_string(size) + " bytes in a file of " +
                   std::to_string(bytes.size()));
  }
  return {begin, size};
}

struct Header {
  std::string descr;  // "<f4"; only "[" for a structured dtype
  bool fortran_order = false;
  Shape shape;
};

// The Python dict literal in the header, with the keys in any order:
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& what) : rest_(text), what_(what) {}

  Header parse() {
    Header header;
    std::set<std::string> seen;
    expect('{');
    while (!accept('}')) {
      const std::string key = parse_string();
      if (!seen.insert(key).second) fail("key " + quote(key) + " occurs twice");
      expect(':');
      if (key == "descr") {
        header.descr = parse_descr();
        // A structured dtype is refused later, whatever follows its bracket.
        if (header.descr == "[") return header;
      } else if (key == "fortran_order") {
        header.fortran_order = parse_bool();
      } else if (key == "shape") {
        header.shape = parse_shape();
      } else {
        fail("unknown key " + quote(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) fail("text after the closing brace");
    if (seen.size() != 3) fail("expected the keys descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& detail) const { zoo::fail(what_, "bad .npy header: " + detail); }

  void skip_space() {
    const auto first = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "' before " + quote(rest_.substr(0, 20)));
  }

  std::string parse_string() {
    const char mark = accept('\'') ? '\'' : '"';
    if (mark == '"') expect('"');
    const auto end = rest_.find(mark);
    if (end == std::string_view::npos) fail("a string does not end");
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::string parse_descr() { return accept('[') ? "[" : parse_string(); }

  bool parse_bool() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return value;
      }
    }
    fail("fortran_order is neither True nor False");
  }

  Shape parse_shape() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_space();
      const std::string_view digits = rest_.substr(0, rest_.find_first_not_of("0123456789"));
      if (digits.empty()) fail("the shape is not a tuple of sizes");
      const auto size = parse_number<std::int64_t>(digits);
      if (!size) fail("a size of the shape is too large");
      rest_.remove_prefix(digits.size());
      accept('L');  // Python 2 wrote long integers as 3L
      shape.push_back(*size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view rest_;
  const std::string& what_;
};

std::string_view descr_of(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return "<f8";
    case DType::float16:
      return "<f2";
    case DType::int64:
      return "<i8";
    case DType::int32:
      return "<i4";
    case DType::int16:
      return "<i2";
    case DType::int8:
      return "|i1";
    case DType::uint8:
      return "|u1";
    case DType::boolean:
      return "|b1";
    case DType::float32:
    case DType::bfloat16:
      break;
  }
  return "<f4";
}

DType dtype_of_descr(const std::string& descr, const std::string& what) {
  for (const DType dtype : {DType::float32, DType::float64, DType::float16, DType::int64, DType::int32,
                            DType::int16, DType::int8, DType::uint8, DType::boolean}) {
    if (descr == descr_of(dtype)) return dtype;
  }
  const std::string legal = "float16/32/64, int8/16/32/64, uint8 or bool";
  if (descr.starts_with('>')) {
    fail(what,
         "dtype '" + descr +
             "' is big-endian, expected little-endian; convert with a.astype(a.dtype.newbyteorder('<'))");
  }
  if (descr.starts_with("|O")) fail(what, "it holds Python objects, expected " + legal);
  if (descr.starts_with('[')) fail(what, "it has a structured dtype, expected " + legal);
  fail(what, "dtype '" + descr + "' is not supported, expected " + legal);
}

std::string header_text(const Tensor& tensor) {
  std::string shape = "(";
  for (const std::int64_t size : tensor.shape()) shape += std::to_string(size) + ",";
  shape += ")";
  std::string header = "{'descr': '" + std::string(descr_of(tensor.dtype())) +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
  const std::size_t unpadded = 10 + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  return header + '\n';
}

}  // namespace

bool is_npy(std::span<const std::byte> bytes) {
  return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Tensor read_npy(const std::filesystem::path& path) {
  return parse_npy(read_file(path, "file").bytes(), "file " + quote(path.native()));
}

Tensor parse_npy(std::span<const std::byte> bytes, const std::string& what) {
  const auto [begin, size] = parse_preamble(bytes, what);
  const Header header =
      HeaderParser({reinterpret_cast<const char*>(bytes.data()) + begin, size}, what).parse();
  const DType dtype = dtype_of_descr(header.descr, what);
  if (header.fortran_order) {
    fail(what, "it is in Fortran order, expected C order; save numpy.ascontiguousarray(a)");
  }
  std::int64_t count = 0;
  try {
    count = element_count(header.shape);
  } catch (const Error& error) {
    fail(what, error.what());
  }
  const std::size_t expected = static_cast<std::size_t>(count) * dtype_size(dtype);
  const auto data = bytes.subspan(begin + size);
  if (data.size() != expected) {
    fail(what, std::string(data.size() < expected ? "truncated" : "trailing bytes") + ": " +
                   std::string(dtype_name(dtype)) + " of shape " + shape_text(header.shape) + " takes " +
                   std::to_string(expected) + " bytes, the file has " + std::to_string(data.size()));
  }
  return Tensor(dtype, header.shape, {data.begin(), data.end()});
}

std::vector<std::byte> encode_npy(const Tensor& tensor) {
  const std::string header = header_text(tensor);
  std::vector<std::byte> bytes;
  bytes.reserve(10 + header.size() + tensor.bytes().size());
  for (const unsigned char c : kMagic) bytes.push_back(std::byte{c});
  bytes.push_back(std::byte{1});
  bytes.push_back(std::byte{0});
  bytes.push_back(static_cast<std::byte>(header.size() & 0xFFU));
  bytes.push_back(static_cast<std::byte>(header.size() >> 8));
  const auto text = std::as_bytes(std::span(header));
  bytes.insert(bytes.end(), text.begin(), text.end());
  if (tensor.dtype() == DType::bfloat16) {
    const Tensor wide = widen(tensor);
    bytes.insert(bytes.end(), wide.bytes().begin(), wide.bytes().end());
  } else {
    bytes.insert(bytes.end(), tensor.bytes().begin(), tensor.bytes().end());
  }
  return bytes;
}

}  // namespace zoo
