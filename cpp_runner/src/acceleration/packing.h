// Packs weights for the engine's kernels, once for all operators that share them.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include <string>
#include <vector>

#include "acceleration/recurrent_weights.h"
#include "zoo/acceleration.h"
#include "zoo/options.h"

namespace zoo {

// The instruction set of the kernels in use.
std::string engine_isa();

// Calls an operator of the engine, "pack_linear", and returns its result.
c10::IValue call_engine(const std::string& name, torch::jit::Stack arguments);

// zoo::slide, and what its packed weights say of themselves; `calls` is 1.
c10::Symbol sliding_operator();
FusedOperator describe_sliding(const at::Tensor& packed);

class Packer {
 public:
  // Packs the weights, or returns what it packed earlier from the same tensors. Throws Unmatched if the
  // engine cannot take them.
  at::Tensor pack(const RecurrentWeights& weights, Precision precision);

  // Counts a call of the engine that the file has already, with the packed weights that it holds.
  void count_stored(const at::Tensor& packed);

  [[nodiscard]] std::vector<FusedStack> stacks() const;

 private:
  struct Entry {
    RecurrentWeights weights;  // keeps the addresses of the tensors from being used again; none if stored
    at::Tensor packed;
    FusedStack stack;
  };
  std::vector<Entry> entries_;
};

}  // namespace zoo
