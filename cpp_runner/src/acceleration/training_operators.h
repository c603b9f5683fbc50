// What of a module is in training mode.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

namespace zoo {

// The names of the submodules whose `training` is set.
std::vector<std::string> training_submodules(const torch::jit::Module& module);

// The operators that drop values at random, or normalize by the batch instead of their statistics, by
// name: "aten::dropout". Their flag is a constant, as a trace in training mode writes it, or an attribute of
// the module as it is now.
std::vector<std::string> training_operators(const torch::jit::Module& module);

}  // namespace zoo
