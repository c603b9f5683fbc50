// Chains of LibTorch's operators that a sliding operator of the engine computes: log-mel features, and
// convolutions over the steps with float64 sums.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace zoo {

// The chain stands in one block, nobody else uses what it computes on the way, and its weights are constants.
// It is computed in float64 from `input`, and cast to `dtype` before the end.
struct SlidingChain {
  std::vector<torch::jit::Node*> nodes;  // in their order
  torch::jit::Value* input = nullptr;
  torch::jit::Value* dtype = nullptr;  // an int of TorchScript
  std::int64_t rank = 0;               // of the input; the chain means something else for another one
  bool transposes_input = false;       // the chain's input has the channels before the steps
  bool transposes_output = false;      // and so has its output
  at::Tensor packed;                   // for zoo::slide
};

// The chain around a node:
//   frames.double() * window -> fft_rfft -> |.|^2 -> @ filters -> + floor -> log -> to -> (- mean) / std
// where frames = input.unfold(1, size, step), input (B, samples). The floor and the standardising may be
// absent.
std::optional<SlidingChain> find_log_bands(torch::jit::Node& node);

// The chain around a node:
//   to double -> conv1d without padding, dilation and groups -> to -> relu
// with transposes before and after it. The relu may be absent.
std::optional<SlidingChain> find_convolution(torch::jit::Node& node);

}  // namespace zoo
