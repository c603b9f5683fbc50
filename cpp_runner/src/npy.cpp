#include "zoo/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "little_endian.h"
#include "npy_header.h"
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

DType parse_descr(const std::string& descr, const std::string& what) {
  if (descr == "<f4") return DType::float32;
  if (descr == "<f8") return DType::float64;
  if (descr == "<i4") return DType::int32;
  if (descr == "<i8") return DType::int64;
  const std::string legal = "float32, float64, int32 or int64";
  if (descr.starts_with('>')) {
    fail(what,
         "dtype '" + descr +
             "' is big-endian, expected little-endian; convert with a.astype(a.dtype.newbyteorder('<'))");
  }
  if (descr.starts_with("|O")) fail(what, "it holds Python objects, expected " + legal);
  if (descr.starts_with('[')) fail(what, "it has a structured dtype, expected " + legal);
  fail(what, "dtype '" + descr + "' is not supported, expected " + legal);
}

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

// A bfloat16 is the upper half of a float32.
std::vector<std::byte> widen_bfloat16(std::span<const std::byte> bytes) {
  std::vector<std::byte> wide(2 * bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    wide[2 * i + 2] = bytes[i];
    wide[2 * i + 3] = bytes[i + 1];
  }
  return wide;
}

}  // namespace

bool is_npy(std::span<const std::byte> bytes) {
  return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Tensor parse_npy(std::span<const std::byte> bytes, const std::string& what) {
  const auto [begin, size] = parse_preamble(bytes, what);
  const NpyHeader header =
      parse_npy_header({reinterpret_cast<const char*>(bytes.data()) + begin, size}, what);
  const DType dtype = parse_descr(header.descr, what);
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
    const auto wide = widen_bfloat16(tensor.bytes());
    bytes.insert(bytes.end(), wide.begin(), wide.end());
  } else {
    bytes.insert(bytes.end(), tensor.bytes().begin(), tensor.bytes().end());
  }
  return bytes;
}

}  // namespace zoo
