// Forward hooks of the top module. LibTorch inlines those of submodules, and leaves these to the caller, as
// PyTorch does in Python.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <vector>

namespace zoo {

// Calls the method; around forward, it also runs the module's pre-hooks and hooks.
c10::IValue call_with_hooks(const torch::jit::Module& module, torch::jit::Method method,
                            std::vector<c10::IValue> inputs);

}  // namespace zoo
