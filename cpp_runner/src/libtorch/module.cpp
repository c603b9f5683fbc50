#include "libtorch/module.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/cat.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <dlfcn.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

#include "acceleration/accelerate.h"
#include "acceleration/hazards.h"
#include "acceleration/stream_graph.h"
#include "base/message.h"
#include "base/value.h"
#include "libtorch/call_scope.h"
#include "libtorch/convert.h"
#include "libtorch/deep_copy.h"
#include "libtorch/errors.h"
#include "libtorch/hooks.h"
#include "libtorch/state.h"
#include "libtorch/values.h"
#include "zoo/error.h"

namespace zoo {
namespace {

// LibTorch reads the bytes whose checksums were compared, not the file a second time.
class BytesReader final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit BytesReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  size_t size() const override { return bytes_.size(); }
  size_t read(uint64_t position, void* buffer, size_t count, const char*) const override {
    if (position >= bytes_.size()) return 0;
    const std::size_t available = std::min<std::size_t>(count, bytes_.size() - position);
    std::memcpy(buffer, bytes_.data() + position, available);
    return available;
  }

 private:
  std::span<const std::byte> bytes_;
};

// Loads LibTorch's CUDA library if needed. Throws Error(unavailable) when the device is not there.
c10::Device open_device(const DeviceName& name) {
  if (!name.cuda) return c10::Device(c10::kCPU);
  const auto fail = [&](const std::string& reason) {
    throw Error(Status::unavailable,
                "device " + quote(name.text()) + " is not available: " + reason + "; use the CPU",
                Hint::device);
  };
  // It is not linked, so that one build serves machines with and without CUDA. It registers itself when it is
  // loaded, and LibTorch looks for it only once: nothing may ask LibTorch about CUDA before.
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* const reason = ::dlerror();
    const bool absent =
        reason == nullptr || std::string_view(reason).find("libtorch_cuda.so: cannot open") == 0;
    fail(absent ? "this LibTorch is a CPU build" : shorten(reason, 80));
  }
  const std::int64_t count = at::detail::getCUDAHooks().deviceCount();
  if (count == 0) fail("no CUDA device or driver was found");
  if (name.index >= count) fail(std::to_string(count) + " CUDA devices were found, counted from 0");
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(name.index));
}

std::string argument_text(const c10::Argument& argument) {
  std::ostringstream text;
  text << argument.type()->repr_str() << ' ' << argument.name();
  if (argument.default_value()) text << '=' << *argument.default_value();
  return text.str();
}

// The schema without the module itself: "forward(Tensor input, int n=...) -> Tensor".
std::string schema_text(const c10::FunctionSchema& schema) {
  std::vector<std::string> arguments;
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    arguments.push_back(argument_text(schema.arguments()[i]));
  }
  std::vector<std::string> results;
  for (const c10::Argument& result : schema.returns()) results.push_back(result.type()->repr_str());
  return schema.name() + "(" + join(arguments) + ") -> " + join(results);
}

// LibTorch's own message for arguments that do not fit has many lines.
std::vector<c10::IValue> fit_arguments(const c10::FunctionSchema& schema, const std::vector<Value>& values,
                                       const c10::Device& device) {
  const auto& expected = schema.arguments();
  const auto required = std::ranges::count_if(expected.begin() + 1, expected.end(), [](const auto& argument) {
    return !argument.default_value().has_value();
  });
  const std::size_t legal = expected.size() - 1;
  if (values.size() < static_cast<std::size_t>(required) || values.size() > legal) {
    throw Error(Status::bad_data,
                "got " + std::to_string(values.size()) + " inputs, expected " + std::to_string(required) +
                    (legal == static_cast<std::size_t>(required) ? "" : ".." + std::to_string(legal)) + ": " +
                    schema_text(schema));
  }
  std::vector<c10::IValue> fitting;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const c10::Argument& argument = expected[i + 1];
    auto value = to_ivalue(values[i], argument.type(), device);
    if (!value) {
      throw Error(Status::bad_data, "input " + std::to_string(i + 1) + " is a " + kind_text(values[i]) +
                                        ", expected " + argument.type()->repr_str() + " for " +
                                        quote(argument.name()) + ": " + schema_text(schema));
    }
    fitting.push_back(std::move(*value));
  }
  return fitting;
}

torch::jit::Module load_module(const ModelFile& file, const c10::Device& device) {
  return translate_errors("LibTorch cannot load " + quote(file.path().filename().native()), [&] {
    return torch::jit::load(std::make_shared<BytesReader>(file.bytes()), device);
  });
}

// A file that was saved in training mode runs in eval mode, against dropout. Submodules that are in training
// mode inside a module that is not were put there on purpose, and stay. Returns which they are.
TrainingMode settle_training_mode(torch::jit::Module& module) {
  const auto slot = module.type()->findAttributeSlot("training");  // a frozen module has none
  if (!slot || !module._ivalue()->getSlot(*slot).toBool()) return {false, training_submodules(module)};
  module.eval();
  return {true, {}};
}

// An engine or a precision that was asked for must not silently be another one.
void require_fused(const Acceleration& acceleration) {
  if (!acceleration.fused.empty()) return;
  std::string why = acceleration.refusal;
  if (!acceleration.left.empty())
    why += ": " + acceleration.left.front().op + ": " + acceleration.left.front().reason;
  throw Error(Status::unavailable,
              "the fused engine cannot run this model: " + why + "; let the engine be chosen", Hint::engine);
}

Accelerated choose_engine(torch::jit::Module module, const DeviceName& device, const LoadOptions& options) {
  if (options.engine == Engine::aten)
    return unchanged(std::move(module), "LibTorch's own engine was asked for");
  const bool required = options.engine == Engine::fused || options.precision != Precision::fp32;
  Accelerated result = device.cuda ? unchanged(std::move(module), "the fused engine runs on the CPU only")
                                   : accelerate(module, {options.precision, options.engine == Engine::fused});
  if (required) require_fused(result.acceleration);
  return result;
}

}  // namespace

struct TorchModule::Impl {
  c10::IValue forward(const Tensor& input, const std::optional<Tensor>& lengths, const State& state) const {
    return call_with_hooks(
        module, method("forward"),
        {to_torch(input, device), lengths ? c10::IValue(to_torch(*lengths, device)) : c10::IValue(),
         state.empty() ? c10::IValue() : c10::IValue(state.impl_->tensors)});
  }

  c10::Device device;
  torch::jit::Module module;
  Acceleration acceleration;
  TrainingMode training;
  std::optional<StreamGraph> stream;
  bool keeps_state = zoo::keeps_state(module);
  bool rounds_activations = zoo::rounds_activations(module);

  torch::jit::Method method(const std::string& name) const {
    if (auto found = module.find_method(name)) return *found;
    std::vector<std::string> names;
    for (const auto& method : module.get_methods()) names.push_back(method.name());
    throw Error(Status::bad_data, "the model has no method " + quote(name) + ", it has " + join(names));
  }
};

TorchModule::TorchModule(const ModelFile& file, const DeviceName& device, const LoadOptions& options) {
  const c10::Device place = open_device(device);
  torch::jit::Module module = load_module(file, place);
  TrainingMode training = settle_training_mode(module);
  Accelerated loaded = choose_engine(std::move(module), device, options);
  std::optional<StreamGraph> stream;
  if (!loaded.acceleration.fused.empty() && file.manifest() && file.manifest()->streamable) {
    stream = StreamGraph::make(loaded.module, *file.manifest());
  }
  impl_ = std::make_unique<Impl>(Impl{place, std::move(loaded.module), std::move(loaded.acceleration),
                                      std::move(training), std::move(stream)});
}
TorchModule::TorchModule(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TorchModule::TorchModule(TorchModule&&) noexcept = default;
TorchModule& TorchModule::operator=(TorchModule&&) noexcept = default;
TorchModule::~TorchModule() = default;

TorchModule::Step TorchModule::forward(const Tensor& input, const std::optional<Tensor>& lengths,
                                       const State& state) const {
  Step step;
  if (impl_->stream && !lengths && !state.empty()) {
    step.state = state;
    step.outputs.push_back(advance(input, step.state));
    return step;
  }
  const CallScope scope;
  return translate_errors("the model failed", [&] {
    auto [output, next] = unpack_result(impl_->forward(input, lengths, state));
    step.outputs.push_back(from_torch(output));
    step.state = State(std::make_unique<State::Impl>(State::Impl{std::move(next)}));
    return std::move(step);
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
    StreamGraph& stream = *impl_->stream;
    if (stream.in_place()) state.impl_->make_own();
    const at::Tensor output = stream.advance(to_torch(input, impl_->device), state.impl_->tensors);
    state.impl_->own = stream.in_place();
    return from_torch(output);
  });
}

State TorchModule::initial_state(std::int64_t batch_size) const {
  const CallScope scope;
  return translate_errors("initial_state failed", [&] {
    const c10::IValue result = impl_->method("initial_state")({batch_size});
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
  return translate_errors("the model failed", [&] {
    const torch::jit::Method callee = impl_->method(method);
    auto values = fit_arguments(callee.function().getSchema(), arguments, impl_->device);
    return from_ivalue(call_with_hooks(impl_->module, callee, std::move(values)));
  });
}

std::vector<Value> TorchModule::complete(const std::string& method, std::vector<Value> arguments) const {
  const auto& expected = impl_->method(method).function().getSchema().arguments();
  for (std::size_t i = arguments.size() + 1; i < expected.size() && expected[i].default_value(); ++i) {
    arguments.push_back(from_ivalue(*expected[i].default_value()));
  }
  return arguments;
}

TorchModule TorchModule::copy() const {
  const CallScope scope;
  auto copied = std::make_unique<Impl>(
      Impl{impl_->device, impl_->module, impl_->acceleration, impl_->training, std::nullopt});
  if (impl_->keeps_state) copied->module = deep_copy(impl_->module);
  copied->keeps_state = impl_->keeps_state;
  return TorchModule(std::move(copied));
}

bool TorchModule::keeps_state() const { return impl_->keeps_state; }
bool TorchModule::rounds_activations() const { return impl_->rounds_activations; }

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
