#include "cli/raw_input.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "message.h"
#include "zoo/error.h"

namespace zoo::cli {
namespace {

[[noreturn]] void fail_shape(std::string_view text) {
  throw Error(Status::usage, "shape " + quote(text) +
                                 " is not usable, expected sizes such as 1x100x12, at most one of them -1");
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

Shape parse_shape(std::string_view text) {
  Shape shape;
  for (const std::string& part : split(text, 'x')) {
    std::int64_t size = 0;
    const char* const end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, size);
    if (error != std::errc() || stop != end || size < -1) fail_shape(text);
    shape.push_back(size);
  }
  if (std::ranges::count(shape, -1) > 1) fail_shape(text);
  return shape;
}

DType parse_dtype(std::string_view text) {
  for (const DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64}) {
    if (dtype_name(dtype) == text) return dtype;
  }
  throw Error(Status::usage,
              "dtype " + quote(text) + " is not supported, expected float32, float64, int32 or int64");
}

std::vector<std::optional<std::string>> spread(const std::string& flag,
                                               const std::optional<std::string>& value, std::size_t count) {
  if (!value) return std::vector<std::optional<std::string>>(count);
  const std::vector<std::string> parts = split(*value, ',');
  if (parts.size() == 1) return std::vector<std::optional<std::string>>(count, parts[0]);
  if (parts.size() != count) {
    throw Error(Status::usage, flag + " has " + std::to_string(parts.size()) + " values for " +
                                   std::to_string(count) +
                                   " input files, expected one for all or one for each");
  }
  return {parts.begin(), parts.end()};
}

Shape default_shape(const TensorSpec& spec) {
  Shape shape;
  for (const Dim& dim : spec.dims) {
    if (!dim.fixed() && dim.name != "batch" && dim.name != "seq_len") {
      throw Error(Status::usage, "raw input needs --shape: " + spec.name + " is " + dims_text(spec));
    }
    shape.push_back(dim.fixed() ? dim.size : dim.name == "batch" ? 1 : -1);
  }
  return shape;
}

Tensor parse_raw(std::span<const std::byte> bytes, DType dtype, const Shape& shape, const std::string& what) {
  Shape sized = shape;
  const auto open = std::ranges::find(sized, -1);
  Shape known = shape;
  std::erase(known, -1);
  const std::size_t unit = static_cast<std::size_t>(element_count(known)) * dtype_size(dtype);
  const std::string wanted = std::string(dtype_name(dtype)) + " of shape " + shape_text(shape);
  if (open != sized.end()) {
    if (unit == 0 || bytes.size() % unit != 0) {
      throw Error(Status::bad_data, what + " has " + std::to_string(bytes.size()) +
                                        " bytes, expected a multiple of " + std::to_string(unit) + ": " +
                                        wanted);
    }
    *open = static_cast<std::int64_t>(bytes.size() / unit);
  } else if (bytes.size() != unit) {
    throw Error(Status::bad_data, what + " has " + std::to_string(bytes.size()) + " bytes, expected " +
                                      std::to_string(unit) + ": " + wanted);
  }
  return Tensor(dtype, sized, {bytes.begin(), bytes.end()});
}

}  // namespace zoo::cli
