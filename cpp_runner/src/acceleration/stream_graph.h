// The part of forward(input, lengths, state) that a stream needs. A stream has no lengths, always a state,
// and sizes as in the manifest, which are checked before each call. The branches for all other calls are
// removed: apart from its kernels they are most of what a step costs.
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
  // Takes a frozen module. None if its forward does not keep the contract, or changes its input or state in
  // place.
  static std::optional<StreamGraph> make(const torch::jit::Module& module, const Manifest& manifest);

  // Returns the output and advances the states. Input and states must be as in the manifest. If it throws,
  // the states may or may not have advanced.
  [[nodiscard]] at::Tensor advance(const at::Tensor& input, std::vector<at::Tensor>& state);
  // Whether advance() writes into the tensors of the states; they must then be contiguous and used by nothing
  // else.
  [[nodiscard]] bool in_place() const { return in_place_; }

 private:
  StreamGraph(torch::jit::GraphExecutor executor, bool in_place)
      : executor_(std::move(executor)), in_place_(in_place) {}

  torch::jit::GraphExecutor executor_;
  bool in_place_;
};

}  // namespace zoo
