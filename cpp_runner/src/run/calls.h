// Calls of a file without a manifest, in chunks of steps and in batches of rows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libtorch/module.h"
#include "zoo/options.h"
#include "zoo/stream.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo {

// Feeds options.chunk steps at a time and carries the states. Throws Error(bad_data) where nothing proves
// that chunks give what the whole gives.
std::vector<NamedTensor> call_in_chunks(const TorchModule& module, const std::vector<Value>& arguments,
                                        const CallOptions& options);

// Runs options.batch_size rows at a time, each batch in chunks if options.chunk says so. Throws
// Error(bad_data) where the rows of a batch do not come out as in the whole.
std::vector<NamedTensor> call_in_batches(const TorchModule& module, const std::vector<Value>& arguments,
                                         const CallOptions& options);

// The place of the first tensor among the arguments. Throws Error(usage) where there is none.
std::string first_tensor(const Value& arguments);

// The states that the first chunk of a stream proves. Throws Error(bad_data) where it does not settle them.
std::vector<StateLink> find_states(const TorchModule& module, const Value& arguments,
                                   const StreamOptions& options);

}  // namespace zoo
