#pragma once

#include <string_view>

#include "kernels/views.h"

namespace zoo {

// The kernels in use: the best this processor has, or those that the environment variable ZOO_ISA
// (portable, avx2, avx512) or force_isa() names. Null where ZOO_ISA names none that this processor has.
const KernelTable* kernels() noexcept;

// False where there is no such instruction set or this processor lacks it. For tests and comparisons.
bool force_isa(std::string_view name) noexcept;

}  // namespace zoo
