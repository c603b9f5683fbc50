#include "cli/input.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "base/numbers.h"
#include "cli/output.h"
#include "core/input_checks.h"
#include "formats/file.h"
#include "formats/recognition.h"
#include "zoo/error.h"
#include "zoo/npy.h"
#include "zoo/sound.h"
#include "zoo/text.h"
#include "zoo/wav.h"

namespace zoo::cli {
namespace {

constexpr std::string_view kText = "str:";

[[noreturn]] void fail_shape(std::string_view text) {
  throw Error(Status::usage, "shape " + quote(text) +
                                 " is not usable, expected sizes such as 1x100x12, at most one of them -1");
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

std::string role_of(const std::string& path, const std::string& what) {
  return path == "-" ? what + " on stdin" : what + " " + quote(path);
}

// Refuses what is neither .npy nor plain numbers: read as numbers, it would give an answer. Any file is a
// row of numbers of one byte.
void refuse_other_files(std::span<const std::byte> bytes, const RawLayout& layout, const std::string& role) {
  const auto kind = dtype_size(layout.dtype) > 1 ? recognize(bytes) : std::nullopt;
  if (!kind) return;
  const std::string shape = layout.shape ? " " + shape_text(*layout.shape) : "";
  throw Error(Status::bad_data, role + " is " + std::string(kind->name) + ", not raw numbers; save its " +
                                    std::string(kind->how_to_read) + " by numpy.save as " +
                                    std::string(dtype_name(layout.dtype)) + shape);
}

FileBytes read_bytes(const std::string& path, const std::string& what) {
  return path == "-" ? read_descriptor(STDIN_FILENO, role_of(path, what)) : read_file(path, what);
}

// `role` names the file in messages.
Tensor parse_tensor(const FileBytes& file, const std::string& path, const RawLayout& layout,
                    const std::string& role) {
  refuse_other_files(file.bytes(), layout, role);
  if (has_suffix(path, ".npy") || (!has_suffix(path, ".bin") && is_npy(file.bytes()))) {
    return parse_npy(file.bytes(), role);
  }
  if (!layout.shape)
    throw Error(Status::usage, role + " is raw, which needs --shape, such as --shape 1x100x12");
  return parse_raw(file.bytes(), layout.dtype, *layout.shape, role);
}

// Parses an input. A .npy file says its shape itself, and --shape must say the same where it is given.
Tensor parse_input(const FileBytes& file, const std::string& path, const RawLayout& layout,
                   const std::optional<Shape>& told) {
  Tensor tensor = parse_tensor(file, path, layout, role_of(path, "input"));
  const auto agrees = [](std::int64_t said, std::int64_t size) { return said == -1 || said == size; };
  if (told && !std::ranges::equal(*told, tensor.shape(), agrees)) {
    throw Error(Status::usage, role_of(path, "input") + " has shape " + shape_text(tensor.shape()) +
                                   ", but --shape says " + shape_text(*told) +
                                   "; leave --shape out for a .npy file");
  }
  return tensor;
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
  const auto dtype = find_dtype(text);
  if (dtype) return *dtype;
  throw Error(Status::usage,
              "dtype " + quote(text) +
                  " is not known, expected float32, float64, float16, bfloat16, int64, int32, int16, "
                  "int8, uint8 or bool");
}

std::vector<std::optional<std::string>> spread(const std::string& flag,
                                               const std::optional<std::string>& value, std::size_t count) {
  if (!value) return std::vector<std::optional<std::string>>(count);
  if (count == 0) throw Error(Status::usage, flag + " is for an input file, and none is given");
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
  return parse_tensor(read_bytes(path, what), path, layout, role_of(path, what));
}

bool is_text(const std::string& input) { return input.starts_with(kText); }

Tensor read_artifact_input(const Options& options, const Manifest& manifest) {
  if (options.inputs.size() != 1) {
    throw Error(Status::usage, "the model takes one input file, got " +
                                   std::to_string(options.inputs.size()) +
                                   "; lengths and state have flags of their own");
  }
  const TensorSpec& spec = manifest.inputs.front();
  const std::string& input = options.inputs.front();
  if (is_text(input)) {
    spread("--shape", options.shape, 0);  // refuses what is said of a file
    spread("--dtype", options.dtype, 0);
    return encode_text(spec, std::string_view(input).substr(kText.size()));
  }
  const auto told = options.shape ? std::optional(parse_shape(*options.shape)) : std::nullopt;
  const RawLayout layout{options.dtype ? parse_dtype(*options.dtype) : spec.dtype,
                         told ? *told : default_shape(spec)};
  const FileBytes file = read_bytes(input, "input");
  if (manifest.sample_rate && dtype_size(layout.dtype) > 1 && is_wav(file.bytes())) {
    const std::string role = role_of(input, "input");
    if (options.shape || options.dtype) {
      throw Error(Status::usage,
                  role + " is a WAV file, which says its own form; leave --shape and --dtype out");
    }
    return encode_sound(manifest, parse_wav(file.bytes(), role));
  }
  return parse_input(file, input, layout, told);
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

namespace {

// The parts between commas that stand in no inner brackets.
std::vector<std::string> split_elements(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.back().empty()) parts.pop_back();  // (a.npy,) is a tuple of one, () is empty
  return parts;
}

bool is_between(std::string_view text, char open, char close) {
  return text.size() >= 2 && text.front() == open && text.back() == close;
}

// Reads arguments, and the files in them in their order.
class ArgumentReader {
 public:
  explicit ArgumentReader(const Options& options) : options_(options) {
    std::size_t files = 0;
    for (const std::string& input : options.inputs) files += count_files(input);
    shapes_ = spread("--shape", options.shape, files);
    dtypes_ = spread("--dtype", options.dtype, files);
  }

  Value read(const std::string& text) {
    if (is_between(text, '(', ')')) return Tuple{read_all(text), {}};
    if (is_between(text, '[', ']')) return List{read_all(text)};
    if (is_between(text, '{', '}')) return read_dict(text);
    if (auto scalar = parse_scalar(text)) return std::move(*scalar);
    return read_file(text);
  }

 private:
  static std::string_view inside(std::string_view text) { return text.substr(1, text.size() - 2); }

  static std::size_t count_files(const std::string& text) {
    const bool dict = is_between(text, '{', '}');
    if (!dict && !is_between(text, '(', ')') && !is_between(text, '[', ']')) {
      return parse_scalar(text).has_value() ? 0 : 1;
    }
    std::size_t files = 0;
    for (const std::string& part : split_elements(inside(text))) {
      files += count_files(dict ? part.substr(part.find('=') + 1) : part);
    }
    return files;
  }

  std::vector<Value> read_all(const std::string& text) {
    std::vector<Value> values;
    for (const std::string& part : split_elements(inside(text))) values.push_back(read(part));
    return values;
  }

  Value read_dict(const std::string& text) {
    Dict dict;
    for (const std::string& part : split_elements(inside(text))) {
      const std::size_t equals = part.find('=');
      if (equals == std::string::npos) {
        throw Error(Status::usage, "input " + quote(text) + " is not a dict such as {h=h.npy,c=c.npy}");
      }
      dict.entries.emplace_back(part.substr(0, equals), read(part.substr(equals + 1)));
    }
    return dict;
  }

  Value read_file(const std::string& path) {
    const auto& shape = shapes_[next_];
    const auto& dtype = dtypes_[next_];
    ++next_;
    RawLayout layout;
    if (dtype) layout.dtype = parse_dtype(*dtype);
    if (shape) layout.shape = parse_shape(*shape);
    Tensor tensor = parse_input(read_bytes(path, "input"), path, layout, layout.shape);
    const bool open = layout.shape && std::ranges::count(*layout.shape, -1) > 0;
    if (open && tensor.bytes().empty()) {  // more likely a file that was cut short than one of no steps
      throw Error(Status::bad_data,
                  role_of(path, "input") + " is empty: shape " + shape_text(tensor.shape()));
    }
    check_plain_input("input " + quote(path), tensor, options_.allow_nonfinite);
    return dtype ? convert(tensor, layout.dtype, "input " + quote(path)) : std::move(tensor);
  }

  const Options& options_;
  std::vector<std::optional<std::string>> shapes_, dtypes_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<Value> read_arguments(const Options& options) {
  ArgumentReader reader(options);
  std::vector<Value> values;
  for (const std::string& input : options.inputs) values.push_back(reader.read(input));
  return values;
}

}  // namespace zoo::cli
