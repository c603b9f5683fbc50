// The inputs named on the command line, read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "zoo/manifest.h"
#include "zoo/model.h"
#include "zoo/tensor.h"

namespace zoo::cli {

// How to read a file that has no header.
struct RawLayout {
  DType dtype = DType::float32;
  std::optional<Shape> shape;  // absent: the file is refused with a request for --shape
};

// .npy by its suffix, .bin by its suffix, anything else (stdin, "-", for one) by its first bytes. `what`
// names the role in messages.
Tensor read_tensor(const std::string& path, const RawLayout& layout, const std::string& what);

// The one input of an artifact. Throws Error(usage) where there is another number of them.
Tensor read_artifact_input(const Options& options, const Manifest& manifest);
Tensor read_lengths(const std::filesystem::path& path);
// One file for each state tensor; `batch` rows in those without a header.
std::vector<Tensor> read_state(const std::filesystem::path& path, const Manifest& manifest,
                               std::int64_t batch);

// The inputs of any other TorchScript file: files and scalars in their places. Tensors are checked: not
// empty, and finite unless options.allow_nonfinite.
std::vector<Value> read_arguments(const Options& options);

}  // namespace zoo::cli
