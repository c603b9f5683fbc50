// A sequence fed in chunks of steps.
#pragma once

#include <cstdint>

#include "contract.h"
#include "torch_module.h"
#include "zoo/manifest.h"
#include "zoo/model.h"

namespace zoo {

// Feeds `chunk` steps at a time, carrying the state. Outputs that have the steps are joined along them; of
// the others, each row has the one of the chunk in which the row ended.
TorchModule::Step forward_in_chunks(const TorchModule& module, const Manifest& manifest,
                                    const CheckedInputs& inputs, State state, std::int64_t chunk);

// The same for a module that keeps its state inside: the first tensor is cut along options.time_axis, and
// outputs that are as long as their chunk there are joined; of the others the last one counts.
std::vector<NamedTensor> call_in_chunks(const TorchModule& module, const std::vector<Value>& arguments,
                                        const CallOptions& options);

}  // namespace zoo
