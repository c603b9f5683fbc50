#pragma once

// A call whose tensors are fixed. It is checked once and then run again and again without torch.

#include <torch/csrc/stable/tensor.h>

#include <vector>

namespace zoo::engine {

using torch::stable::Tensor;

// Makes all checks of the operators. Returns the bytes that zoo_run_bound_call() takes: a StackView, with
// pointers into the tensors, which the caller keeps alive and in place. `states` are h_0 and, if the cell has
// a c, c_0; `results` are output, h_n and c_n. A state and its result may be one tensor.
Tensor bind(const Tensor& input, const std::vector<Tensor>& states, const Tensor& packed, bool batch_first,
            const std::vector<Tensor>& results);

}  // namespace zoo::engine
