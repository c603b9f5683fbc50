// A large batch, run some rows at a time.
#pragma once

#include <cstdint>
#include <functional>

#include "core/input_checks.h"
#include "libtorch/module.h"
#include "zoo/manifest.h"
#include "zoo/options.h"
#include "zoo/state.h"
#include "zoo/tensor.h"

namespace zoo {

using RunRows = std::function<TorchModule::Step(const CheckedInputs& rows, const State& state)>;

// Calls `run` for `batch_size` rows at a time and joins outputs and states along their batch dimensions.
TorchModule::Step forward_in_batches(const TorchModule& module, const Manifest& manifest,
                                     const CheckedInputs& inputs, const State& state,
                                     const RunOptions& options, const RunRows& run);

}  // namespace zoo
