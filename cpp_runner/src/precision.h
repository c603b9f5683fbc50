// The names of the precisions, as the operators, the command line and the manifest have them.
#pragma once

#include <optional>
#include <string_view>

#include "zoo/model.h"

namespace zoo {

// "fp32", "bf16" or "int8".
std::string_view precision_name(Precision precision);
std::optional<Precision> find_precision(std::string_view name);

}  // namespace zoo
