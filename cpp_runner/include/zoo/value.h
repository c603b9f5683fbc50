// What any TorchScript method can take.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "zoo/tensor.h"

namespace zoo {

// An argument of a TorchScript method; monostate is None.
using Value = std::variant<std::monostate, Tensor, std::int64_t, double, bool, std::string>;

}  // namespace zoo
