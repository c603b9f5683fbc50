// The pass for Python, as an operator; zoo/acceleration.py loads it.
#include <torch/library.h>

#include <string>

#include "acceleration/accelerate.h"
#include "zoo/options.h"

namespace zoo {
namespace {

// Boxed, as a module cannot be an argument otherwise: (module, precision, requantize) -> (module, what became
// of it).
void accelerate_operator(const c10::OperatorHandle&, torch::jit::Stack* stack) {
  const bool requantize = torch::jit::pop(*stack).toBool();
  const std::string name = torch::jit::pop(*stack).toStringRef();
  const c10::IValue module = torch::jit::pop(*stack);
  TORCH_CHECK(module.isModule(), "zoo.accelerate takes a scripted module, got ", module.tagKind());
  const auto precision = find_precision(name);
  TORCH_CHECK(precision, "precision must be fp32, bf16 or int8, got '", name, "'");
  // With tensors of its own: what the new module changes in place is not the caller's.
  const torch::jit::Module copy = module.toModule().clone();
  const Accelerated done = accelerate(copy, {*precision, requantize});
  torch::jit::push(*stack, done.module._ivalue(), acceleration_json(done.acceleration));
}

}  // namespace
}  // namespace zoo

TORCH_LIBRARY(zoo_runner, m) {
  m.def("accelerate(Any module, str precision, bool requantize) -> (Any, str)",
        torch::CppFunction::makeFromBoxedFunction<&zoo::accelerate_operator>());
}
