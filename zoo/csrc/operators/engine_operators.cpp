#include "operators/engine_operators.h"

#include <torch/csrc/stable/ops.h>

#include "engine/isa.h"
#include "operators/checks.h"
#include "operators/run_stack.h"

namespace zoo {
namespace {

Tensor apply(const char* op, const Tensor& x, void (*function)(const float*, float*, int64_t) noexcept) {
  const Tensor flat = contiguous_floats(op, "x", x, {-1});
  const Tensor out = empty_floats({flat.numel()});
  function(static_cast<const float*>(flat.data_ptr()), static_cast<float*>(out.data_ptr()), flat.numel());
  return out;
}

}  // namespace

Tensor sigmoid(const Tensor& x) { return apply("sigmoid", x, kernels_in_use().sigmoid); }
Tensor tanh(const Tensor& x) { return apply("tanh", x, kernels_in_use().tanh); }
Tensor refined_tanh(const Tensor& x) { return apply("refined_tanh", x, kernels_in_use().refined_tanh); }

std::string isa() { return kernels_in_use().name; }

std::string force_isa_operator(const std::string& name) {
  const std::string before = isa();
  if (!force_isa(name)) {
    fail("force_isa", "this processor has no '", name,
         "'; use portable, avx2 or avx512 as far as it has them");
  }
  return before;
}

}  // namespace zoo
