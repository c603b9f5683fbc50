#pragma once

// A call whose tensors are fixed: checked once, then run again and again without a way through torch.

#include <torch/csrc/stable/tensor.h>

#include <vector>

namespace zoo {

using torch::stable::Tensor;

// Checks everything that the operators check and returns what zoo_run_bound_call() takes, as bytes: pointers
// into the tensors, which the caller keeps alive and in place. `states` are h_0 and for the LSTM c_0,
// `results` output, h_n and c_n. A state and its result may be one tensor.
Tensor bind(const Tensor& input, const std::vector<Tensor>& states, const Tensor& packed, bool batch_first,
            const std::vector<Tensor>& results);

}  // namespace zoo
