// The pass as an operator for Python; zoo/acceleration.py loads it.
#include <torch/csrc/jit/serialization/import.h>
#include <torch/library.h>

#include <sstream>
#include <string>

#include "acceleration/accelerate.h"
#include "zoo/options.h"

namespace zoo {
namespace {

// The new module may change tensors in place, and the caller's must stay as they are. Unlike Module::clone,
// writing and reading keeps what two names share, and adds no types to the caller's compilation unit, which
// never frees them.
torch::jit::Module deep_copy(const torch::jit::Module& module) {
  std::stringstream bytes;
  module.save(bytes);
  return torch::jit::load(bytes);
}

// (module, precision, requantize) -> (module, report). It is boxed because an unboxed operator cannot take a
// module.
void accelerate_operator(const c10::OperatorHandle&, torch::jit::Stack* stack) {
  const bool requantize = torch::jit::pop(*stack).toBool();
  const std::string name = torch::jit::pop(*stack).toStringRef();
  const c10::IValue module = torch::jit::pop(*stack);
  TORCH_CHECK(module.isModule(), "zoo.accelerate takes a scripted module, got ", module.tagKind());
  const auto precision = find_precision(name);
  TORCH_CHECK(precision, "precision must be fp32, bf16 or int8, got '", name, "'");
  const Accelerated done = accelerate(deep_copy(module.toModule()), {*precision, requantize});
  torch::jit::push(*stack, done.module._ivalue(), acceleration_json(done.acceleration));
}

}  // namespace
}  // namespace zoo

TORCH_LIBRARY_FRAGMENT(zoo, m) {  // libzoo_ops defines the namespace
  m.def("accelerate(Any module, str precision, bool requantize) -> (Any, str)",
        torch::CppFunction::makeFromBoxedFunction<&zoo::accelerate_operator>());
}
