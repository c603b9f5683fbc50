#pragma once

#include <string_view>
#include <vector>

#include "kernels/views.h"

namespace zoo::engine {

// The kernels in use: the best that this processor can run, or those that the environment variable ZOO_ISA or
// force_isa() names. Null if ZOO_ISA names an instruction set that this processor does not have.
const KernelTable* kernels() noexcept;

// Its name, one of isa_names(). Empty where kernels() is null.
std::string_view isa_name() noexcept;

// Returns false if there is no such instruction set or this processor does not have it. For tests and
// comparisons.
bool force_isa(std::string_view name) noexcept;

// The names of all instruction sets that this library has kernels for, the slowest first.
std::vector<std::string_view> isa_names();

}  // namespace zoo::engine
