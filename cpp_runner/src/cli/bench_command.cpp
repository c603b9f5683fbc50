#include "cli/commands.h"
#include "cli/input_file.h"
#include "cli/process_setup.h"
#include "cli/report.h"
#include "contract.h"
#include "zoo/benchmark.h"
#include "zoo/error.h"

namespace zoo::cli {
namespace {

std::vector<BenchmarkRecord> benchmark_artifact(const Options& options, const ModelFile& file,
                                                Setting& setting) {
  const Manifest& manifest = *file.manifest();
  std::optional<Inputs> inputs;
  std::int64_t batch = 1;
  if (!options.inputs.empty()) {
    const auto lengths = options.lengths ? std::optional(read_lengths(*options.lengths)) : std::nullopt;
    const Tensor input = read_artifact_input(options, manifest);
    const CheckedInputs checked = check_inputs(manifest, input, lengths, options.allow_nonfinite);
    batch = checked.batch;
    inputs = Inputs{checked.input(), checked.lengths, {}, options.allow_nonfinite};
  }
  set_up_process(options, file, batch);
  const Model model = Model::load(file, options.load);
  setting = describe(options, model);
  return benchmark(model, inputs, {.iterations = options.iterations});
}

std::vector<BenchmarkRecord> benchmark_torchscript(const Options& options, const ModelFile& file,
                                                   Setting& setting) {
  if (options.inputs.empty()) {
    throw Error(Status::usage,
                "bench needs an input for a model without a manifest: cpp_runner bench MODEL INPUT...");
  }
  const std::vector<Value> arguments = read_arguments(options);
  constexpr std::int64_t one_row = 1;
  set_up_process(options, file, one_row);
  const Model model = Model::load(file, options.load);
  CallOptions call;
  if (options.call) {
    call.method = *options.call;
    static_cast<void>(model.call({}, call));
  }
  call.method = options.method.value_or("forward");
  setting = describe(options, model);
  return benchmark_call(model, arguments, call, {.iterations = options.iterations});
}

}  // namespace

Outcome benchmark_model(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  Setting setting;
  const bool as_artifact = file.manifest() && options.method.value_or("forward") == "forward";
  const auto records = as_artifact ? benchmark_artifact(options, file, setting)
                                   : benchmark_torchscript(options, file, setting);
  return {options.json ? benchmark_json(setting, records) : benchmark_text(records), Status::ok};
}

}  // namespace zoo::cli
