#include "cli/commands.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/message.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/plain_state.h"
#include "cli/report.h"
#include "core/input_checks.h"
#include "zoo/benchmark.h"
#include "zoo/error.h"
#include "zoo/model.h"
#include "zoo/model_file.h"
#include "zoo/process.h"
#include "zoo/verify.h"

namespace zoo::cli {
namespace {

constexpr std::int64_t kOneRow = 1;

// Without --threads, `batch` decides: with one row, handing work over takes longer than the work.
void set_up_process(const Options& options, const ModelFile& file, std::int64_t batch) {
  const std::int64_t all = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  use_threads(options.threads.value_or(batch > 1 ? all : 1));
  const auto& manifest = file.manifest();
  if (manifest && manifest->quantization && !manifest->quantization->backend.empty()) {
    use_quantized_backend(manifest->quantization->backend);
  }
}

bool runs_as_artifact(const Options& options, const ModelFile& file) {
  return file.manifest() && options.method.value_or("forward") == "forward";
}

class Stopwatch {
 public:
  // Milliseconds since the last call.
  double lap() {
    const auto now = Clock::now();
    const double elapsed = std::chrono::duration<double, std::milli>(now - begin_).count();
    begin_ = now;
    return elapsed;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

void call_first(const Model& model, const Options& options) {
  if (!options.call) return;
  CallOptions call;
  call.method = *options.call;
  static_cast<void>(model.call({}, call));
}

// A state that cannot be carried is refused before anything is read or run.
void check_streaming_flags(const Options& options, const Manifest& manifest) {
  if (manifest.streamable) return;
  const std::string flag = options.chunk > 0   ? "--stream"
                           : options.state_in  ? "--state-in"
                           : options.state_out ? "--state-out"
                                               : "";
  if (flag.empty()) return;
  throw Error(Status::usage, flag + " needs a streamable model, " + quote(manifest.model_name) + " is not: " +
                                 why_not_streamable(manifest) + "; run the whole sequence at once");
}

// A flag that tells --stream what an artifact says itself; empty if none is given.
std::string stream_detail(const Options& options) {
  if (options.roles.time_axis) return "--time-axis";
  if (options.roles.states) return "--state";
  return options.roles.every_chunk ? "--every-chunk" : "";
}

// What the flags and the file say of the method's states.
StreamRoles roles_of(const Options& options, const ModelFile& file) {
  const auto told = file.roles().find(options.method.value_or("forward"));
  return told == file.roles().end() ? options.roles : options.roles.or_else(told->second);
}

void check_plain_flags(const Options& options, const StreamRoles& roles) {
  const std::string state_flag = options.state_in ? "--state-in" : options.state_out ? "--state-out" : "";
  const std::string detail = stream_detail(options);
  if (options.chunk == 0 && !detail.empty() && (detail != "--state" || state_flag.empty())) {
    throw Error(Status::usage, detail + " belongs to --stream CHUNK, which is not given");
  }
  if (options.lengths) {
    throw Error(Status::usage,
                "--lengths needs an artifact, run by its forward; other TorchScript takes all its arguments "
                "as inputs");
  }
  if (state_flag.empty() || (roles.states && !roles.states->empty())) return;
  throw Error(Status::usage, state_flag +
                                 " needs an artifact, or --state RESULT:ARGUMENT to say which results "
                                 "are states");
}

void check_artifact_flags(const Options& options) {
  const std::string flag = stream_detail(options);
  if (flag.empty()) return;
  throw Error(Status::usage, flag + " is for models without a manifest, but this one has a manifest");
}

// A forecaster answers from fewer steps than it has learnt from, but nobody knows how well. The part of a
// stream may be short.
void warn_of_few_steps(const Options& options, const Manifest& manifest, const CheckedInputs& inputs,
                       const Console& console) {
  if (!manifest.look_back || options.state_in || options.state_out) return;
  std::int64_t steps = inputs.seq_len;
  if (inputs.lengths) steps = std::ranges::min(inputs.lengths->values<std::int64_t>());
  if (steps >= *manifest.look_back) return;
  warn(console, "the input has " + std::to_string(steps) + " steps, and the model learnt from " +
                    std::to_string(*manifest.look_back) + "; give it as many");
}

// Dropout that is left on gives other numbers in each call, and a normalization those of its batch.
void warn_of_training(const Model& model, const Console& console) {
  const std::vector<std::string>& operators = model.training_mode().operators;
  if (operators.empty()) return;
  warn(console,
       "the model was not saved in eval mode, and it acts as in training, so that results depend on "
       "chance or on the batch: " +
           join(operators));
}

RunReport run_artifact(const Options& options, const ModelFile& file, const Console& console,
                       Stopwatch& watch) {
  const Manifest& manifest = *file.manifest();
  check_streaming_flags(options, manifest);
  check_artifact_flags(options);
  // The input comes first: a mistake in it should not cost the time to load the model.
  const Tensor input = read_artifact_input(options, manifest);
  const auto lengths = options.lengths ? std::optional(read_lengths(*options.lengths)) : std::nullopt;
  const CheckedInputs checked = check_inputs(manifest, input, lengths, options.allow_nonfinite);
  warn_of_few_steps(options, manifest, checked, console);
  Inputs inputs{checked.input(), checked.lengths, {}, options.allow_nonfinite};
  std::vector<Tensor> state_in;
  if (options.state_in) state_in = read_state(*options.state_in, manifest, checked.batch);
  set_up_process(options, file,
                 std::min(checked.batch, options.batch_size > 0 ? options.batch_size : checked.batch));
  RunReport report;
  const Model model = Model::load(file, options.load);
  warn_of_training(model, console);
  if (options.state_in) inputs.state = model.state_from(state_in, options.allow_nonfinite);
  report.load_ms = watch.lap();
  call_first(model, options);
  Result result = model.run(inputs, {options.chunk, options.batch_size, make_progress(console)});
  const std::vector<Tensor> state = result.state.tensors();
  report.run_ms = watch.lap();
  report.setting = describe(options, model);
  report.outputs = std::move(result.outputs);
  if (manifest.labels.exclusive && !manifest.labels.names.empty()) {
    report.labels = best_labels(manifest.labels, report.outputs.front().tensor);
  }
  report.every_label = is_text(options.inputs.front());
  for (std::size_t i = 0; i < state.size(); ++i) report.state.push_back({manifest.state[i].name, state[i]});
  return report;
}

// A mistake in an input is found before the model is loaded. But where there is no such method, what is said
// of its inputs does not matter.
std::vector<Value> read_arguments_of_method(const Options& options, const ModelFile& file) {
  try {
    return read_arguments(options);
  } catch (const Error&) {
    if (!options.method) throw;
    set_up_process(options, file, kOneRow);
    const Model model = Model::load(file, options.load);
    CallOptions call;
    call.method = *options.method;
    const auto is_schema = [&](const std::string& schema) { return schema.starts_with(call.method + "("); };
    if (std::ranges::none_of(model.method_schemas(), is_schema)) static_cast<void>(model.call({}, call));
    throw;
  }
}

RunReport run_torchscript(const Options& options, const ModelFile& file, const Console& console,
                          Stopwatch& watch) {
  const StreamRoles roles = roles_of(options, file);
  check_plain_flags(options, roles);
  std::vector<Value> arguments = read_arguments_of_method(options, file);
  if (options.state_in) read_plain_state(*options.state_in, roles, arguments);
  std::int64_t batch = 1;
  for (const Value& argument : arguments) {
    const Tensor* tensor = std::get_if<Tensor>(&argument);
    if (tensor != nullptr && tensor->rank() > 1) batch = std::max(batch, tensor->shape()[0]);
  }
  set_up_process(options, file, options.batch_size > 0 ? std::min(batch, options.batch_size) : batch);
  RunReport report;
  const Model model = Model::load(file, options.load);
  warn_of_training(model, console);
  report.load_ms = watch.lap();
  call_first(model, options);
  CallOptions call;
  call.method = options.method.value_or("forward");
  call.chunk = options.chunk;
  call.roles = options.roles;
  call.batch_size = options.batch_size;
  call.progress = make_progress(console);
  call.notice = [&console](const std::string& text) { warn(console, text); };
  report.outputs = model.call(arguments, call);
  if (options.state_out) report.state = plain_state(report.outputs, roles);
  report.run_ms = watch.lap();
  report.setting = describe(options, model);
  return report;
}

void write_outputs(const Options& options, RunReport& report) {
  std::vector<OutputFile> files;
  const auto add = [&](const std::filesystem::path& path, const std::vector<NamedTensor>& tensors) {
    const auto paths = name_outputs(path, tensors);
    for (std::size_t i = 0; i < tensors.size(); ++i)
      files.push_back(encode_output(paths[i], tensors[i].tensor));
    return paths;
  };
  if (options.output) report.output_paths = add(*options.output, report.outputs);
  if (options.state_out) report.state_paths = add(*options.state_out, report.state);
  write_files(files);
}

// Refuses what is said of an input where none is given.
void check_flags_without_input(const Options& options) {
  const std::string flag = options.shape             ? "--shape"
                           : options.dtype           ? "--dtype"
                           : options.lengths         ? "--lengths"
                           : options.allow_nonfinite ? "--allow-nonfinite"
                                                     : "";
  if (!flag.empty()) throw Error(Status::usage, flag + " is for an input, and none is given");
}

std::vector<BenchmarkRecord> benchmark_artifact(const Options& options, const ModelFile& file,
                                                Setting& setting) {
  const Manifest& manifest = *file.manifest();
  std::optional<Inputs> inputs;
  std::int64_t batch = 1;
  if (options.inputs.empty()) {
    check_flags_without_input(options);
  } else {
    const auto lengths = options.lengths ? std::optional(read_lengths(*options.lengths)) : std::nullopt;
    const Tensor input = read_artifact_input(options, manifest);
    const CheckedInputs checked = check_inputs(manifest, input, lengths, options.allow_nonfinite);
    batch = checked.batch;
    inputs = Inputs{checked.input(), checked.lengths, {}, options.allow_nonfinite};
  }
  set_up_process(options, file, batch);
  const Model model = Model::load(file, options.load);
  call_first(model, options);
  setting = describe(options, model);
  return benchmark(model, inputs, {.iterations = options.iterations});
}

std::vector<BenchmarkRecord> benchmark_torchscript(const Options& options, const ModelFile& file,
                                                   Setting& setting) {
  if (options.inputs.empty()) {
    throw Error(Status::usage,
                "bench needs an input for a model without a manifest: cpp_runner bench MODEL INPUT...");
  }
  check_plain_flags(options, {});
  const std::vector<Value> arguments = read_arguments_of_method(options, file);
  set_up_process(options, file, kOneRow);
  const Model model = Model::load(file, options.load);
  call_first(model, options);
  CallOptions call;
  call.method = options.method.value_or("forward");
  setting = describe(options, model);
  return benchmark_call(model, arguments, call, {.iterations = options.iterations});
}

}  // namespace

Outcome run_model(const Options& options, const Console& console) {
  if (options.output && options.output == options.state_out) {
    throw Error(Status::usage,
                "--output and --state-out are the same path " + quote(options.output->native()));
  }
  Stopwatch watch;
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  RunReport report = runs_as_artifact(options, file) ? run_artifact(options, file, console, watch)
                                                     : run_torchscript(options, file, console, watch);
  write_outputs(options, report);
  return {options.json ? run_json(report) : run_text(report), Status::ok};
}

Outcome show_info(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  // Only loading tells which layers are fused, and which methods a file without a manifest has.
  set_up_process(options, file, kOneRow);
  const Model model = Model::load(file, options.load);
  return {options.json ? info_json(file, model) : info_text(file, model), Status::ok};
}

Outcome verify_model(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  // Golden samples are small: one thread is faster than several, and always gives the same numbers.
  set_up_process(options, file, kOneRow);
  LoadOptions load = options.load;
  load.check = true;
  const Model model = Model::load(file, load);
  const bool on_cuda = model.device() != "cpu";
  if (on_cuda) use_cudnn(false);
  std::vector<Check> checks = verify(file, model);
  if (on_cuda) {
    use_cudnn(true);
    for (Check& check : verify_cudnn(file, model)) checks.push_back(std::move(check));
  }
  if (model.acceleration().check_failed) {
    Check check;
    check.name = "the engine";
    check.detail = model.acceleration().refusal;
    checks.push_back(std::move(check));
  }
  const bool passed = std::ranges::all_of(checks, &Check::passed);
  return {options.json ? verify_json(describe(options, model), checks) : verify_text(checks),
          passed ? Status::ok : Status::mismatch};
}

Outcome benchmark_model(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  Setting setting;
  const auto records = runs_as_artifact(options, file) ? benchmark_artifact(options, file, setting)
                                                       : benchmark_torchscript(options, file, setting);
  return {options.json ? benchmark_json(setting, records) : benchmark_text(records), Status::ok};
}

}  // namespace zoo::cli
