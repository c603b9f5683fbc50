#include "zoo/model.h"

#include <map>
#include <utility>

#include "base/message.h"
#include "core/device.h"
#include "core/input_checks.h"
#include "libtorch/module.h"
#include "run/batching.h"
#include "run/calls.h"
#include "run/stream.h"
#include "run/streaming.h"
#include "zoo/error.h"
#include "zoo/process.h"

namespace zoo {
namespace {

void check_options(const LoadOptions& options) {
  if (options.engine == Engine::aten && options.precision != Precision::fp32) {
    throw Error(
        Status::usage,
        "precision " + std::string(precision_name(options.precision)) +
            " needs the fused engine, but LibTorch's was asked for; choose another engine, or quantize "
            "the model in Python",
        Hint::precision);
  }
}

// While loading, the backend in use unpacks the quantized weights, whatever backend packed them.
void check_quantized_backend(const std::optional<Manifest>& manifest) {
  if (!manifest || !manifest->quantization) return;
  const std::string& needed = manifest->quantization->backend;
  if (needed.empty() || needed == quantized_backend()) return;
  throw Error(Status::unavailable, "the model was quantized for the backend " + quote(needed) +
                                       ", the process uses " + quote(quantized_backend()) +
                                       "; call zoo::use_quantized_backend before loading");
}

void check_streamable(const Manifest& manifest) {
  if (manifest.streamable) return;
  throw Error(Status::usage, "model " + quote(manifest.model_name) + " is not streamable: " +
                                 why_not_streamable(manifest) + "; run the whole sequence at once");
}

// Chunks are joined along seq_len, and of an output without steps the last chunk's stands for all.
void check_joinable(const Manifest& manifest) {
  for (const TensorSpec& output : manifest.outputs) {
    for (const Dim& dim : output.dims) {
      if (dim.fixed() || dim.name == "batch" || dim.name == "seq_len") continue;
      throw Error(Status::usage, "chunks of " + quote(output.name) + " (" + dims_text(output) +
                                     ") cannot be joined: nothing tells what " + dim.name +
                                     " of a chunk is in the whole; run the whole sequence at once");
    }
  }
}

void check_counts(std::int64_t chunk, std::int64_t batch_size) {
  if (chunk < 0 || batch_size < 0) throw Error(Status::usage, "a chunk and a batch size are at least 1");
}

}  // namespace

struct Model::Impl {
  std::optional<Manifest> manifest;
  std::string device;
  std::map<std::string, StreamRoles> roles;
  TorchModule module;

  [[nodiscard]] StreamRoles roles_of(const std::string& method, const StreamRoles& said) const {
    const auto found = roles.find(method);
    return found == roles.end() ? said : said.or_else(found->second);
  }

  [[nodiscard]] const Manifest& require_manifest() const {
    if (manifest) return *manifest;
    throw Error(Status::usage,
                "the model has no manifest: it was not made by recurrent-zoo; use Model::call");
  }

  // Whether a state is what the manifest says, also one that the model itself gave.
  void check_form(const State& state, std::int64_t batch) const {
    check_state_shapes(*manifest, state.shapes(), batch);
    check_state_dtypes(*manifest, state.dtypes());
  }

  [[nodiscard]] TorchModule::Step run(const CheckedInputs& inputs, const State& state,
                                      const RunOptions& options) const {
    const auto run_rows = [&](const CheckedInputs& rows, const State& rows_state) {
      return options.chunk > 0 ? forward_in_chunks(module, *manifest, rows, rows_state, options.chunk)
                               : module.forward(rows.input(), rows.lengths, rows_state);
    };
    if (options.batch_size == 0) return run_rows(inputs, state);
    return forward_in_batches(module, *manifest, inputs, state, options, run_rows);
  }
};

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::filesystem::path& path, const LoadOptions& options) {
  return load(ModelFile::open(path, options.sha256), options);
}

Model Model::load(const ModelFile& file, const LoadOptions& options) {
  check_options(options);
  const DeviceName device = parse_device(options.device);
  check_quantized_backend(file.manifest());
  return Model(std::make_unique<Impl>(
      Impl{file.manifest(), device.text(), file.roles(), TorchModule(file, device, options)}));
}

const std::optional<Manifest>& Model::manifest() const { return impl_->manifest; }
const std::string& Model::device() const { return impl_->device; }
Engine Model::engine() const { return acceleration().fused.empty() ? Engine::aten : Engine::fused; }
const Acceleration& Model::acceleration() const { return impl_->module.acceleration(); }

const TrainingMode& Model::training_mode() const { return impl_->module.training_mode(); }

Result Model::run(const Inputs& inputs, const RunOptions& options) const {
  const Manifest& manifest = impl_->require_manifest();
  check_counts(options.chunk, options.batch_size);
  const CheckedInputs checked = check_inputs(manifest, inputs.input, inputs.lengths, inputs.allow_nonfinite);
  if (options.batch_size > 0 && options.batch_size < checked.batch && !manifest.rows_independent) {
    throw Error(Status::usage,
                "the rows of model " + quote(manifest.model_name) + " see each other; run all rows at once",
                Hint::batch_size);
  }
  if (options.chunk > 0 || !inputs.state.empty()) check_streamable(manifest);
  if (options.chunk > 0 && options.chunk < checked.seq_len) check_joinable(manifest);
  if (!inputs.state.empty()) impl_->check_form(inputs.state, checked.batch);
  TorchModule::Step step = impl_->run(checked, inputs.state, options);
  impl_->check_form(step.state, checked.batch);
  Result result;
  for (std::size_t i = 0; i < manifest.outputs.size(); ++i) {
    result.outputs.push_back({manifest.outputs[i].name, std::move(step.outputs.at(i))});
  }
  result.state = std::move(step.state);
  return result;
}

Tensor Model::run(const Tensor& input, State& state) const {
  const Manifest& manifest = impl_->require_manifest();
  check_streamable(manifest);
  const CheckedInputs checked = check_inputs(manifest, input, {}, false);
  if (!state.empty()) impl_->check_form(state, checked.batch);
  return impl_->module.advance(checked.input(), state);
}

State Model::initial_state(std::int64_t batch_size) const {
  check_streamable(impl_->require_manifest());
  if (batch_size < 1)
    throw Error(Status::usage, "a batch has at least 1 row, got " + std::to_string(batch_size));
  State state = impl_->module.initial_state(batch_size);
  impl_->check_form(state, batch_size);
  return state;
}

State Model::state_from(const std::vector<Tensor>& tensors, bool allow_nonfinite) const {
  const Manifest& manifest = impl_->require_manifest();
  check_streamable(manifest);
  return impl_->module.make_state(check_state(manifest, tensors, allow_nonfinite));
}

std::vector<NamedTensor> Model::call(const std::vector<Value>& arguments, const CallOptions& options) const {
  check_counts(options.chunk, options.batch_size);
  CallOptions told = options;
  told.roles = impl_->roles_of(options.method, options.roles);
  if (told.batch_size > 0) return call_in_batches(impl_->module, arguments, told);
  if (told.chunk > 0) return call_in_chunks(impl_->module, arguments, told);
  return flatten(impl_->module.call(told.method, arguments));
}

Stream Model::stream(const std::vector<Value>& arguments, const StreamOptions& options) const {
  const Value whole = Tuple{impl_->module.complete(options.method, arguments), {}};
  StreamOptions told = options;
  told.roles = impl_->roles_of(options.method, options.roles);
  return Stream(std::make_unique<Stream::Impl>(
      Stream::Impl{impl_->module.copy(), told, whole, first_tensor(whole), std::nullopt}));
}

std::vector<std::string> Model::method_schemas() const { return impl_->module.schemas(); }

}  // namespace zoo
