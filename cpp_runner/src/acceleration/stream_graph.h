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

// The output and the states that a forward gave. Throws Error(bad_data) where it gave anything else.
std::pair<at::Tensor, std::vector<at::Tensor>> unpack_result(const c10::IValue& result);

class StreamGraph {
 public:
  // Of a frozen module whose forward keeps the contract; none where it keeps something inside itself.
  static std::optional<StreamGraph> make(const torch::jit::Module& module, const Manifest& manifest);

  // Gives the output and advances the states. Input and states must be as the manifest says. When it throws,
  // the states may or may not have advanced.
  [[nodiscard]] at::Tensor advance(const at::Tensor& input, std::vector<at::Tensor>& state);
  // Whether advance() writes into the tensors of the states, which then have to be contiguous and no one
  // else's.
  [[nodiscard]] bool in_place() const { return in_place_; }

 private:
  StreamGraph(torch::jit::GraphExecutor executor, bool in_place)
      : executor_(std::move(executor)), in_place_(in_place) {}

  torch::jit::GraphExecutor executor_;
  bool in_place_;
};

}  // namespace zoo
