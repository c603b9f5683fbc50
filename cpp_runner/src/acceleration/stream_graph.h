// What a stream needs of forward(input, lengths, state): no lengths, and a state that is there. The branches
// for everything else are gone, which is most of what a step costs besides its kernels.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace zoo {

class StreamGraph {
 public:
  // Of a frozen module whose forward keeps the contract; none where it keeps something inside itself.
  // `input_rank` is the number of dimensions of its input.
  static std::optional<StreamGraph> make(const torch::jit::Module& module, std::size_t input_rank);

  // Gives (output, states), as forward does.
  [[nodiscard]] c10::IValue run(const at::Tensor& input, const std::vector<at::Tensor>& state);

 private:
  explicit StreamGraph(torch::jit::GraphExecutor executor) : executor_(std::move(executor)) {}
  torch::jit::GraphExecutor executor_;
};

}  // namespace zoo
