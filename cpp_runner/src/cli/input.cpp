#include "cli/input.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "base/numbers.h"
#include "cli/output.h"
#include "core/input_checks.h"
#include "formats/file.h"
#include "zoo/error.h"
#include "zoo/npy.h"

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

bool has_suffix(const std::string& path, std::string_view suffix) {
  return path.size() > suffix.size() && path.ends_with(suffix);
}

template <typename T>
Value parse_scalar_of(const std::string& text, const std::string& number, const std::string& legal) {
  const auto value = parse_number<T>(number);
  if (!value) throw Error(Status::usage, "input " + quote(text) + " is not " + legal);
  return Value(*value);
}

// "int:16000", "float:0.5", "bool:1", "str:text", "none"; nothing for the path of a file.
std::optional<Value> parse_scalar(const std::string& text) {
  if (text == "none") return Value(std::monostate{});
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string kind = text.substr(0, colon);
  const std::string rest = text.substr(colon + 1);
  if (kind == "int") return parse_scalar_of<std::int64_t>(text, rest, "a whole number such as int:16000");
  if (kind == "float") return parse_scalar_of<double>(text, rest, "a number such as float:0.5");
  if (kind == "str") return Value(rest);
  if (kind != "bool") return std::nullopt;
  if (rest == "1" || rest == "true") return Value(true);
  if (rest == "0" || rest == "false") return Value(false);
  throw Error(Status::usage, "input " + quote(text) + " is neither bool:0 nor bool:1");
}

}  // namespace

Shape parse_shape(std::string_view text) {
  Shape shape;
  for (const std::string& part : split(text, 'x')) {
    const auto size = parse_number<std::int64_t>(part);
    if (!size || *size < -1) fail_shape(text);
    shape.push_back(*size);
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
  return shape_of(spec, [&](const std::string& name) -> std::int64_t {
    if (name == "batch") return 1;
    if (name == "seq_len") return -1;
    throw Error(Status::usage, "raw input needs --shape: " + spec.name + " is " + dims_text(spec));
  });
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

Tensor read_tensor(const std::string& path, const RawLayout& layout, const std::string& what) {
  const bool from_stdin = path == "-";
  const std::string role = from_stdin ? what + " on stdin" : what + " " + quote(path);
  const FileBytes file = from_stdin ? read_descriptor(STDIN_FILENO, role) : read_file(path, what);
  if (has_suffix(path, ".npy") || (!has_suffix(path, ".bin") && is_npy(file.bytes()))) {
    return parse_npy(file.bytes(), role);
  }
  if (!layout.shape)
    throw Error(Status::usage, role + " is raw, which needs --shape, such as --shape 1x100x12");
  return parse_raw(file.bytes(), layout.dtype, *layout.shape, role);
}

Tensor read_artifact_input(const Options& options, const Manifest& manifest) {
  if (options.inputs.size() != 1) {
    throw Error(Status::usage, "the model takes one input file, got " +
                                   std::to_string(options.inputs.size()) +
                                   "; lengths and state have flags of their own");
  }
  const TensorSpec& spec = manifest.inputs.front();
  RawLayout layout{options.dtype ? parse_dtype(*options.dtype) : spec.dtype,
                   options.shape ? parse_shape(*options.shape) : default_shape(spec)};
  return read_tensor(options.inputs.front(), layout, "input");
}

Tensor read_lengths(const std::filesystem::path& path) {
  return read_tensor(path.native(), {DType::int64, Shape{-1}}, "lengths");
}

std::vector<Tensor> read_state(const std::filesystem::path& path, const Manifest& manifest,
                               std::int64_t batch) {
  std::vector<Tensor> state;
  for (const TensorSpec& spec : manifest.state) {
    const Shape shape = shape_of(spec, [&](const std::string&) { return batch; });
    const auto part = manifest.state.size() == 1 ? path : with_name(path, spec.name);
    state.push_back(read_tensor(part.native(), {spec.dtype, shape}, "state"));
  }
  return state;
}

std::vector<Value> read_arguments(const Options& options) {
  std::vector<Value> values;
  std::vector<std::size_t> files;
  for (const std::string& input : options.inputs) {
    const auto scalar = parse_scalar(input);
    if (!scalar) files.push_back(values.size());
    values.push_back(scalar.value_or(Value()));
  }
  const auto shapes = spread("--shape", options.shape, files.size());
  const auto dtypes = spread("--dtype", options.dtype, files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string& path = options.inputs[files[i]];
    RawLayout layout;
    if (dtypes[i]) layout.dtype = parse_dtype(*dtypes[i]);
    if (shapes[i]) layout.shape = parse_shape(*shapes[i]);
    Tensor tensor = read_tensor(path, layout, "input");
    check_plain_input("input " + quote(path), tensor, options.allow_nonfinite);
    values[files[i]] = dtypes[i] ? convert(tensor, layout.dtype, "input " + quote(path)) : std::move(tensor);
  }
  return values;
}

}  // namespace zoo::cli
