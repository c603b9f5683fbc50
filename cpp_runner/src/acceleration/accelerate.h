// The pass: it copies a TorchScript module and replaces recurrent operators with constant weights by the
// engine's.
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

// The module as it is, and the reason.
inline Accelerated unchanged(torch::jit::Module module, std::string why) {
  Accelerated result{std::move(module), {}};
  result.acceleration.refusal = std::move(why);
  return result;
}

struct AccelerateOptions {
  Precision precision = Precision::fp32;
  // Whether to replace layers that PyTorch quantized to int8, too. The engine rounds their activations in
  // another way (each row by itself, to 8 bits), so results change within the quantization error.
  bool requantize = false;
};

// Returns the module itself if nothing can be fused; `acceleration` then has the reason. `module` is not
// changed, and the copy shares the tensors that it keeps.
Accelerated accelerate(const torch::jit::Module& module, const AccelerateOptions& options);

}  // namespace zoo
