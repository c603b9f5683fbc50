// NumPy's .npy files: versions 1 to 3 are read, version 1 is written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/tensor.h"

namespace zoo {

// Reads floats, integers and bool in C order, little-endian. Throws Error: no_input, no_permission,
// bad_data (with a message for each defect).
ZOO_API Tensor read_npy(const std::filesystem::path& path);
// The same for bytes in memory; `what` names their source in messages. Throws Error(bad_data).
ZOO_API Tensor parse_npy(std::span<const std::byte> bytes, const std::string& what);
// Whether the bytes begin as a .npy file.
ZOO_API bool is_npy(std::span<const std::byte> bytes);

// The content of a .npy file. bfloat16, which NumPy does not have, is written as float32.
ZOO_API std::vector<std::byte> encode_npy(const Tensor& tensor);

}  // namespace zoo
