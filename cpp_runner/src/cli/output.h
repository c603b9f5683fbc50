// Output files, which appear whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zoo/tensor.h"

namespace zoo::cli {

// Whether the path ends in .npy or .bin, or is a device or a pipe, which takes bare numbers.
bool is_output_path(const std::filesystem::path& path);
// "out.npy" and "h" give "out.h.npy".
std::filesystem::path with_name(const std::filesystem::path& path, std::string_view name);
// One path for each output: the path itself if there is only one output, or if it is a device or a pipe.
std::vector<std::filesystem::path> name_outputs(const std::filesystem::path& path,
                                                const std::vector<NamedTensor>& outputs);

struct OutputFile {
  std::filesystem::path path;
  std::vector<std::byte> bytes;
};

// Encodes as .npy or as bare numbers, by the path's suffix.
OutputFile encode_output(const std::filesystem::path& path, const Tensor& tensor);

// Writes all files without a name, flushes them to the disk, and only then gives them their names: a failure
// leaves the old files as they were. Throws Error: cannot_create, no_permission, write_failed.
void write_files(const std::vector<OutputFile>& files);

}  // namespace zoo::cli
