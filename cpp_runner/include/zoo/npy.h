// NumPy's .npy: versions 1 to 3 in, version 1 out.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/tensor.h"

namespace zoo {

// float32, float64, int32 and int64 in C order, little-endian. `what` names the source in messages.
// Throws Error(bad_data), a message of its own for each defect.
ZOO_API Tensor parse_npy(std::span<const std::byte> bytes, const std::string& what);
ZOO_API bool is_npy(std::span<const std::byte> bytes);

// bfloat16, which NumPy does not have, is written as float32.
ZOO_API std::vector<std::byte> encode_npy(const Tensor& tensor);

}  // namespace zoo
