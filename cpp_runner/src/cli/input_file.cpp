#include "cli/input_file.h"

#include <unistd.h>

#include <charconv>

#include "cli/output_file.h"
#include "cli/raw_input.h"
#include "contract.h"
#include "message.h"
#include "zoo/error.h"
#include "zoo/file.h"
#include "zoo/npy.h"

namespace zoo::cli {
namespace {

bool has_suffix(const std::string& path, std::string_view suffix) {
  return path.size() > suffix.size() && path.ends_with(suffix);
}

template <typename T>
T parse_number(const std::string& text, const std::string& number, const std::string& legal) {
  T value{};
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (error != std::errc() || stop != end)
    throw Error(Status::usage, "input " + quote(text) + " is not " + legal);
  return value;
}

// "int:16000", "float:0.5", "bool:1", "str:text", "none"; nothing where the word is a file.
std::optional<Value> parse_scalar(const std::string& text) {
  if (text == "none") return Value(std::monostate{});
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string kind = text.substr(0, colon);
  const std::string rest = text.substr(colon + 1);
  if (kind == "int") return Value(parse_number<std::int64_t>(text, rest, "a whole number such as int:16000"));
  if (kind == "float") return Value(parse_number<double>(text, rest, "a number such as float:0.5"));
  if (kind == "str") return Value(rest);
  if (kind != "bool") return std::nullopt;
  if (rest == "1" || rest == "true") return Value(true);
  if (rest == "0" || rest == "false") return Value(false);
  throw Error(Status::usage, "input " + quote(text) + " is neither bool:0 nor bool:1");
}

}  // namespace

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
    Shape shape;
    for (const Dim& dim : spec.dims) shape.push_back(dim.fixed() ? dim.size : batch);
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
