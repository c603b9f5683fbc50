// The pass: a copy of a TorchScript module whose recurrent operators with constant weights are the engine's.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <utility>

#include "zoo/acceleration.h"
#include "zoo/options.h"

namespace zoo {

struct Accelerated {
  torch::jit::Module module;
  Acceleration acceleration;
};

// The module as it is, and why.
inline Accelerated unchanged(torch::jit::Module module, std::string why) {
  Accelerated result{std::move(module), {}};
  result.acceleration.refusal = std::move(why);
  return result;
}

struct AccelerateOptions {
  Precision precision = Precision::fp32;
  // Also layers that PyTorch quantized to int8: the engine rounds their activations otherwise (for each row,
  // to 8 bits), so that results move within the quantization error.
  bool requantize = false;
};

// The module itself where nothing can be fused; `acceleration` says why. `module` is not changed, and shares
// the tensors that stay.
Accelerated accelerate(const torch::jit::Module& module, const AccelerateOptions& options);

}  // namespace zoo
