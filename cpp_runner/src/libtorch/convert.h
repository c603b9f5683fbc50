// Between this library's tensors and those of LibTorch. This header includes LibTorch.
#pragma once

#include <ATen/core/ivalue.h>

#include <utility>
#include <vector>

#include "zoo/tensor.h"

namespace zoo {

// Always a copy: a model may keep its input, or a view of it, in the state it returns.
at::Tensor to_torch(const Tensor& tensor, const c10::Device& device);
// Throws Error(bad_data) for a dtype that DType does not have.
DType dtype_of(const at::Tensor& tensor);
// Throws Error(bad_data) for a dtype that DType does not have, and for a tensor that is not dense.
Tensor from_torch(const at::Tensor& tensor);

// The output and the states that a forward returned. Throws Error(bad_data) if it returned anything else.
std::pair<at::Tensor, std::vector<at::Tensor>> unpack_result(const c10::IValue& result);

}  // namespace zoo
