#include "libtorch/hooks.h"

#include <utility>

namespace zoo {
namespace {

c10::IValue run(torch::jit::Function& function, torch::jit::Stack stack) {
  function.run(stack);
  return std::move(stack.back());
}

c10::IValue as_tuple(std::vector<c10::IValue> values) {
  return c10::ivalue::Tuple::create(std::move(values));
}

}  // namespace

c10::IValue call_with_hooks(const torch::jit::Module& module, torch::jit::Method method,
                            std::vector<c10::IValue> inputs) {
  if (method.name() != "forward") return method(std::move(inputs));
  const c10::ClassType& type = *module.type();
  if (type.getForwardHooks().empty() && type.getForwardPreHooks().empty()) return method(std::move(inputs));
  for (torch::jit::Function* hook : type.getForwardPreHooks()) {
    const c10::IValue changed = run(*hook, {module._ivalue(), as_tuple(inputs)});
    if (changed.isNone()) continue;
    inputs = changed.isTuple() ? changed.toTupleRef().elements().vec() : std::vector{changed};
  }
  c10::IValue result = method(inputs);
  for (torch::jit::Function* hook : type.getForwardHooks()) {
    c10::IValue changed = run(*hook, {module._ivalue(), as_tuple(inputs), result});
    if (!changed.isNone()) result = std::move(changed);
  }
  return result;
}

}  // namespace zoo
