#include "libtorch/module.h"

#include <ATen/ops/cat.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <utility>

#include "acceleration/hazards.h"
#include "acceleration/stream_graph.h"
#include "base/message.h"
#include "libtorch/call_scope.h"
#include "libtorch/convert.h"
#include "libtorch/deep_copy.h"
#include "libtorch/errors.h"
#include "libtorch/hooks.h"
#include "libtorch/loading.h"
#include "libtorch/schema.h"
#include "libtorch/self_check.h"
#include "libtorch/state.h"
#include "libtorch/values.h"
#include "zoo/error.h"

namespace zoo {
namespace {

// A step as one value, to be compared.
Value value_of(const Tensor& output, const State& state) {
  List states;
  for (Tensor& tensor : state.tensors()) states.elements.emplace_back(std::move(tensor));
  return Tuple{{output, std::move(states)}, {}};
}

// The dtype of all weights of real numbers; nothing where there are several, or none.
std::optional<DType> dtype_of_weights(const torch::jit::Module& module) {
  std::optional<DType> found;
  for (const at::Tensor& parameter : module.parameters()) {
    if (!parameter.is_floating_point()) continue;
    if (found && *found != dtype_of(parameter)) return std::nullopt;
    found = dtype_of(parameter);
  }
  return found;
}

// LibTorch does not convert: numpy's float64 fails in the first layer, in words that name no input.
void explain_dtype(const Error& error, const std::vector<Value>& arguments, std::optional<DType> weights) {
  const auto all = flatten(Tuple{arguments, {}});
  const auto odd = std::ranges::find_if(all, [&](const NamedTensor& argument) {
    return weights && is_floating(argument.tensor.dtype()) && argument.tensor.dtype() != *weights;
  });
  if (odd == all.end() || error.status() != Status::bad_data || error.hint() != Hint::none) return;
  throw Error(error.status(),
              shorten(error.what(), 90) + "; argument " + quote(odd->name) + " is " +
                  std::string(dtype_name(odd->tensor.dtype())) + " and the weights are " +
                  std::string(dtype_name(*weights)) + ": convert it",
              Hint::dtype, error.trace());
}

}  // namespace

struct TorchModule::Impl {
  // One call of an artifact, by this module or by the original that a self-check runs beside it.
  Step forward(const torch::jit::Module& runs, const Tensor& input, const std::optional<Tensor>& lengths,
               const State& state) const {
    auto [output, next] = unpack_result(call_with_hooks(
        runs, find_method(runs, "forward"),
        {to_torch(input, device), lengths ? c10::IValue(to_torch(*lengths, device)) : c10::IValue(),
         state.empty() ? c10::IValue() : c10::IValue(state.impl_->tensors)}));
    Step step;
    step.outputs.push_back(from_torch(output));
    step.state = State(std::make_unique<State::Impl>(State::Impl{std::move(next)}));
    return step;
  }

  // The next step of a stream; needs its graph.
  Tensor advance(const Tensor& input, State& state) {
    if (stream->in_place()) state.impl_->make_own();
    const at::Tensor output = stream->advance(to_torch(input, device), state.impl_->tensors);
    state.impl_->own = stream->in_place();
    return from_torch(output);
  }

  Value call(const torch::jit::Module& runs, const std::string& method,
             const std::vector<Value>& arguments) const {
    const torch::jit::Method callee = find_method(runs, method);
    return from_ivalue(
        call_with_hooks(runs, callee, fit_arguments(callee.function().getSchema(), arguments, device)));
  }

  // Gives what `fast` gives. While a self-check runs, gives what `slow` gives where the two differ, and from
  // then on the original is the module.
  template <typename Fast, typename Slow, typename AsValue>
  auto checked(Fast fast, Slow slow, AsValue as_value) {
    if (check == nullptr || !check->active()) return fast();
    const std::lock_guard lock(check->mutex);
    if (!check->active()) return fast();
    std::optional<decltype(fast())> actual;
    std::string fault;
    try {
      actual.emplace(fast());
    } catch (const std::exception& error) {
      fault = "it fails: " + essential_line(error.what());
    }
    auto expected = slow(check->original());  // where this throws too, its error is the one to show
    if (actual) fault = check->compare(as_value(*actual), as_value(expected));
    if (fault.empty()) return std::move(*actual);
    give_up(fault);
    return expected;
  }

  void give_up(const std::string& fault) {
    check->end();
    module = check->original();
    stream.reset();
    acceleration.fused.clear();
    acceleration.operators.clear();
    acceleration.isa.clear();
    acceleration.check_failed = true;
    acceleration.refusal = "the self-check of the fused engine failed: " + fault;
  }

  c10::Device device;
  torch::jit::Module module;
  Acceleration acceleration;
  TrainingMode training;
  std::optional<StreamGraph> stream;
  bool keeps_state = false;
  double rounding_share = 0;
  std::optional<DType> weights;  // as dtype_of_weights gives it
  std::unique_ptr<SelfCheck> check;
};

TorchModule::TorchModule(const ModelFile& file, const DeviceName& device, const LoadOptions& options) {
  const c10::Device place = open_device(device);
  torch::jit::Module module = load_module(file, place);
  TrainingMode training = settle_training_mode(module);
  Accelerated loaded = choose_engine(module, device, options);
  std::optional<StreamGraph> stream;
  if (!loaded.acceleration.fused.empty() && file.manifest() && file.manifest()->streamable) {
    stream = StreamGraph::make(loaded.module, *file.manifest());
  }
  const double rounding = zoo::rounding_share(module);
  const std::optional<DType> weights = dtype_of_weights(module);
  const bool keeps = zoo::keeps_state(module);
  std::unique_ptr<SelfCheck> check;
  if (options.check && !loaded.acceleration.fused.empty()) {
    // The fused module has the same tensors, and both may write to them.
    check = std::make_unique<SelfCheck>(keeps ? deep_copy(module) : std::move(module),
                                        loaded.acceleration.precision());
  }
  impl_ = std::make_unique<Impl>(Impl{.device = place,
                                      .module = std::move(loaded.module),
                                      .acceleration = std::move(loaded.acceleration),
                                      .training = std::move(training),
                                      .stream = std::move(stream),
                                      .keeps_state = keeps,
                                      .rounding_share = rounding,
                                      .weights = weights,
                                      .check = std::move(check)});
}
TorchModule::TorchModule(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TorchModule::TorchModule(TorchModule&&) noexcept = default;
TorchModule& TorchModule::operator=(TorchModule&&) noexcept = default;
TorchModule::~TorchModule() = default;

TorchModule::Step TorchModule::forward(const Tensor& input, const std::optional<Tensor>& lengths,
                                       const State& state) const {
  if (impl_->stream && !lengths && !state.empty()) {
    Step step;
    step.state = state;
    step.outputs.push_back(advance(input, step.state));
    return step;
  }
  const CallScope scope;
  return translate_errors("the model failed", [&] {
    return impl_->checked(
        [&] { return impl_->forward(impl_->module, input, lengths, state); },
        [&](const torch::jit::Module& original) { return impl_->forward(original, input, lengths, state); },
        [](const Step& step) { return value_of(step.outputs.front(), step.state); });
  });
}

Tensor TorchModule::advance(const Tensor& input, State& state) const {
  if (!impl_->stream || state.empty()) {
    Step step = forward(input, {}, state);
    state = std::move(step.state);
    return std::move(step.outputs.front());
  }
  const CallScope scope;
  return translate_errors("the model failed", [&] {
    if (impl_->check == nullptr) return impl_->advance(input, state);
    const State before = state;
    Step step = impl_->checked(
        [&] {
          if (!impl_->stream) return impl_->forward(impl_->module, input, {}, before);
          Step next;
          next.state = before;
          next.outputs.push_back(impl_->advance(input, next.state));
          return next;
        },
        [&](const torch::jit::Module& original) { return impl_->forward(original, input, {}, before); },
        [](const Step& next) { return value_of(next.outputs.front(), next.state); });
    state = std::move(step.state);
    return std::move(step.outputs.front());
  });
}

State TorchModule::initial_state(std::int64_t batch_size) const {
  const CallScope scope;
  return translate_errors("initial_state failed", [&] {
    const c10::IValue result = find_method(impl_->module, "initial_state")({batch_size});
    return State(std::make_unique<State::Impl>(State::Impl{result.toTensorVector()}));
  });
}

State TorchModule::make_state(const std::vector<Tensor>& tensors) const {
  const CallScope scope;
  auto state = std::make_unique<State::Impl>();
  for (const Tensor& tensor : tensors) state->tensors.push_back(to_torch(tensor, impl_->device));
  return State(std::move(state));
}

State TorchModule::slice_rows(const State& state, std::int64_t begin, std::int64_t count) const {
  if (state.empty()) return {};
  const CallScope scope;
  auto rows = std::make_unique<State::Impl>();
  for (const at::Tensor& tensor : state.impl_->tensors) {
    rows->tensors.push_back(tensor.narrow(1, begin, count).contiguous());
  }
  return State(std::move(rows));
}

State TorchModule::join_rows(const std::vector<State>& states) const {
  const CallScope scope;
  auto joined = std::make_unique<State::Impl>();
  for (std::size_t i = 0; i < states.at(0).impl_->tensors.size(); ++i) {
    std::vector<at::Tensor> parts;
    for (const State& state : states) parts.push_back(state.impl_->tensors.at(i));
    joined->tensors.push_back(at::cat(parts, 1));
  }
  return State(std::move(joined));
}

Value TorchModule::call(const std::string& method, const std::vector<Value>& arguments) const {
  const CallScope scope;
  try {
    return translate_errors("the model failed", [&] {
      return impl_->checked(
          [&] { return impl_->call(impl_->module, method, arguments); },
          [&](const torch::jit::Module& original) { return impl_->call(original, method, arguments); },
          [](const Value& result) { return result; });
    });
  } catch (const Error& error) {
    explain_dtype(error, arguments, impl_->weights);
    throw;
  }
}

std::vector<Value> TorchModule::complete(const std::string& method, std::vector<Value> arguments) const {
  const auto& expected = find_method(impl_->module, method).function().getSchema().arguments();
  for (std::size_t i = arguments.size() + 1; i < expected.size() && expected[i].default_value(); ++i) {
    arguments.push_back(from_ivalue(*expected[i].default_value()));
  }
  return arguments;
}

TorchModule TorchModule::copy() const {
  const CallScope scope;
  auto copied = std::make_unique<Impl>(Impl{.device = impl_->device,
                                            .module = impl_->module,
                                            .acceleration = impl_->acceleration,
                                            .training = impl_->training,
                                            .stream = std::nullopt,
                                            .keeps_state = impl_->keeps_state,
                                            .rounding_share = impl_->rounding_share,
                                            .weights = impl_->weights,
                                            .check = nullptr});
  if (impl_->keeps_state) copied->module = deep_copy(impl_->module);
  return TorchModule(std::move(copied));
}

bool TorchModule::keeps_state() const { return impl_->keeps_state; }
double TorchModule::rounding_share() const { return impl_->rounding_share; }

const Acceleration& TorchModule::acceleration() const { return impl_->acceleration; }
const TrainingMode& TorchModule::training_mode() const { return impl_->training; }

std::vector<std::string> TorchModule::schemas() const {
  std::vector<std::string> texts;
  for (const auto& method : impl_->module.get_methods())
    texts.push_back(schema_text(method.function().getSchema()));
  std::ranges::sort(texts);
  return texts;
}

}  // namespace zoo
