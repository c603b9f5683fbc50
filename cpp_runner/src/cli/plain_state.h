// --state-in and --state-out of a file without a manifest, whose roles say which results are states.
#pragma once

#include <filesystem>
#include <vector>

#include "zoo/options.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo::cli {

// Puts the tensors of files into the arguments that take states, where a tensor or None stands now. One
// tensor is the file itself; several have their places before the suffix. Throws Error(usage) where an
// argument is not given.
void read_plain_state(const std::filesystem::path& path, const StreamRoles& roles,
                      std::vector<Value>& arguments);

// The results that are states, named by the places of the arguments that take them.
std::vector<NamedTensor> plain_state(const std::vector<NamedTensor>& results, const StreamRoles& roles);

}  // namespace zoo::cli
