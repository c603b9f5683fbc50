// The pass as an operator for Python; zoo/acceleration.py loads it.
#include <torch/library.h>

#include <string>

#include "acceleration/accelerate.h"
#include "zoo/options.h"

namespace zoo {
namespace {

// (module, precision, requantize) -> (module, report). It is boxed because an unboxed operator cannot take a
// module.
void accelerate_operator(const c10::OperatorHandle&, torch::jit::Stack* stack) {
  const bool requantize = torch::jit::pop(*stack).toBool();
  const std::string name = torch::jit::pop(*stack).toStringRef();
  const c10::IValue module = torch::jit::pop(*stack);
  TORCH_CHECK(module.isModule(), "zoo.accelerate takes a scripted module, got ", module.tagKind());
  const auto precision = find_precision(name);
  TORCH_CHECK(precision, "precision must be fp32, bf16 or int8, got '", name, "'");
  // A deep copy: the new module may change tensors in place, and the caller's must stay as they are.
  const torch::jit::Module copy = module.toModule().clone();
  const Accelerated done = accelerate(copy, {*precision, requantize});
  torch::jit::push(*stack, done.module._ivalue(), acceleration_json(done.acceleration));
}

}  // namespace
}  // namespace zoo

TORCH_LIBRARY_FRAGMENT(zoo, m) {  // libzoo_ops defines the namespace
  m.def("accelerate(Any module, str precision, bool requantize) -> (Any, str)",
        torch::CppFunction::makeFromBoxedFunction<&zoo::accelerate_operator>());
}
