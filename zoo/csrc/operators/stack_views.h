#pragma once

// Tensors into the pointers and strides that the engine takes.

#include <torch/csrc/stable/tensor.h>

#include "engine/stack.h"

namespace zoo {

using torch::stable::Tensor;

inline const float* read(const Tensor& tensor) { return static_cast<const float*>(tensor.data_ptr()); }
inline float* write(const Tensor& tensor) { return static_cast<float*>(tensor.data_ptr()); }

int check_batch(const char* op, int64_t batch);

// Whether two buffers for the output of a layer are needed.
bool needs_between(const StackSizes& sizes);

// A padded input, and where the rows of an output like it lie; outputs and states are still to be filled in.
StackView padded_view(const StackSizes& sizes, const Tensor& packed, const Tensor& input, bool batch_first);

}  // namespace zoo
