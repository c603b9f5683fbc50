// Puts the engine's sliding operators into a frozen graph.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <vector>

#include "zoo/acceleration.h"

namespace zoo {

// Replaces each chain (sliding_patterns.h) whose tensors nobody writes to in place. The engine takes float32
// on the CPU without gradients; the chain stays beside it for a call with something else. Adds what was
// replaced to `fused`.
void fuse_sliding(const std::shared_ptr<torch::jit::Graph>& graph, std::vector<FusedOperator>& fused);

}  // namespace zoo
