// Reading the inputs that the command line names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.h"
#include "zoo/manifest.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo::cli {

// What a raw .bin file does not say itself.
struct RawLayout {
  DType dtype = DType::float32;
  std::optional<Shape> shape;  // absent: the file is refused, and the message asks for --shape
};

// Reads "1x100x12"; one size may be -1. Throws Error(usage).
Shape parse_shape(std::string_view text);
// Reads the name of a dtype. Throws Error(usage).
DType parse_dtype(std::string_view text);
// A flag's value for each of `count` inputs. The flag gives one value for all of them, or one for each
// between commas. Throws Error(usage), also where there is no input that the flag could be for.
std::vector<std::optional<std::string>> spread(const std::string& flag,
                                               const std::optional<std::string>& value, std::size_t count);
// The shape of a raw input without --shape: batch 1, seq_len -1. Throws Error(usage) when the input has a
// dimension with another name.
Shape default_shape(const TensorSpec& spec);
// -1 stands for the size that the number of bytes gives. Throws Error(bad_data) when they do not fit; `what`
// names them.
Tensor parse_raw(std::span<const std::byte> bytes, DType dtype, const Shape& shape, const std::string& what);

// Tells .npy and .bin apart by the suffix, and anything else, such as stdin ("-"), by its first bytes. `what`
// names the role in messages. Throws Error(bad_data) for sounds, archives, text and other files whose first
// bytes say that they are no plain numbers.
Tensor read_tensor(const std::string& path, const RawLayout& layout, const std::string& what);

// Whether an input is a text, str:TEXT, and not a file.
bool is_text(const std::string& input);

// The one input of an artifact: a file of numbers, a WAV file where the artifact says its rate, or a text.
// Throws Error(usage) unless exactly one was named, and where
// --shape is not the shape of a .npy file.
Tensor read_artifact_input(const Options& options, const Manifest& manifest);
Tensor read_lengths(const std::filesystem::path& path);
// Reads one file for each state tensor. Raw files have `batch` rows.
std::vector<Tensor> read_state(const std::filesystem::path& path, const Manifest& manifest,
                               std::int64_t batch);

// The inputs of any other TorchScript file: files, scalars, and tuples, lists and dicts of them, in their
// places. Refuses a tensor that is not finite unless options.allow_nonfinite, raw bytes that are none where
// their number says a size, and a .npy file that has another shape than --shape says.
std::vector<Value> read_arguments(const Options& options);

}  // namespace zoo::cli
