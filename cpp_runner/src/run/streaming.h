// A sequence fed in chunks of steps.
#pragma once

#include <cstdint>

#include "core/input_checks.h"
#include "libtorch/module.h"
#include "zoo/manifest.h"
#include "zoo/state.h"
#include "zoo/tensor.h"

namespace zoo {

// Feeds `chunk` steps at a time and carries the state. Outputs that have the steps are joined along them. Of
// any other output, each row comes from the chunk in which the row ended.
TorchModule::Step forward_in_chunks(const TorchModule& module, const Manifest& manifest,
                                    const CheckedInputs& inputs, State state, std::int64_t chunk);

}  // namespace zoo
