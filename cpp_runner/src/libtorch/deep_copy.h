// A module with state of its own.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace zoo {

// Copies what a module holds, however deep. Places that hold one tensor, one list or one object, and tensors
// that share memory, do so in the copy. The code is shared. LibTorch's own Module::deepcopy makes one tensor
// of two that share memory.
torch::jit::Module deep_copy(const torch::jit::Module& module);

}  // namespace zoo
