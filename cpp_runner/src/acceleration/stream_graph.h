// What a stream needs of forward(input, lengths, state): no lengths, a state that is there, and sizes as the
// manifest has them, which are checked before each call. The branches for everything else are gone; they are
// most of what a step costs besides its kernels.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <optional>
#include <utility>
#include <vector>

#include "zoo/manifest.h"

namespace zoo {

class StreamGraph {
 public:
  // Of a frozen module whose forward keeps the contract; none where it keeps something inside itself.
  static std::optional<StreamGraph> make(const torch::jit::Module& module, const Manifest& manifest);

  // Gives (output, states), as forward does. Input and states have to be as the manifest says.
  [[nodiscard]] c10::IValue run(const at::Tensor& input, const std::vector<at::Tensor>& state);

 private:
  explicit StreamGraph(torch::jit::GraphExecutor executor) : executor_(std::move(executor)) {}
  torch::jit::GraphExecutor executor_;
};

}  // namespace zoo
