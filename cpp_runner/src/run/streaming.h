// A sequence fed in chunks of steps.
#pragma once

#include <cstdint>

#include "core/input_checks.h"
#include "libtorch/module.h"
#include "zoo/manifest.h"
#include "zoo/options.h"
#include "zoo/state.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo {

// Feeds `chunk` steps at a time and carries the state. Outputs that have the steps are joined along them. Of
// any other output, each row comes from the chunk in which the row ended.
TorchModule::Step forward_in_chunks(const TorchModule& module, const Manifest& manifest,
                                    const CheckedInputs& inputs, State state, std::int64_t chunk);

// The same for a module that keeps its state inside. The first tensor is cut along options.time_axis. Outputs
// that are as long as their chunk there are joined; any other output comes from the last chunk.
std::vector<NamedTensor> call_in_chunks(const TorchModule& module, const std::vector<Value>& arguments,
                                        const CallOptions& options);

}  // namespace zoo
