#include "zoo/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "zoo/error.h"

namespace zoo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kBudgetUs = 1e6;
constexpr std::int64_t kFewest = 20;
constexpr std::int64_t kMost = 2000;
constexpr std::int64_t kSequenceSteps = 100;

double time_us(const std::function<void()>& call) {
  const auto begin = Clock::now();
  call();
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// The smallest sample that at least `fraction` of all samples do not exceed.
double percentile(const std::vector<double>& sorted, double fraction) {
  const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

BenchmarkRecord measure(const std::string& name, std::int64_t batch, std::int64_t seq_len,
                        const BenchmarkOptions& options, const std::function<void()>& call) {
  BenchmarkRecord record;
  record.name = name;
  record.batch = batch;
  record.seq_len = seq_len;
  record.first_us = time_us(call);
  double warm = record.first_us;
  for (std::int64_t i = 0; i < options.warm_up; ++i) warm = time_us(call);
  record.iterations =
      options.iterations > 0
          ? options.iterations
          : std::clamp(static_cast<std::int64_t>(kBudgetUs / std::max(warm, 1.0)), kFewest, kMost);
  std::vector<double> samples(static_cast<std::size_t>(record.iterations));
  for (double& sample : samples) sample = time_us(call);
  std::ranges::sort(samples);
  const auto count = static_cast<double>(samples.size());
  record.p50_us = percentile(samples, 0.50);
  record.p90_us = percentile(samples, 0.90);
  record.p99_us = percentile(samples, 0.99);
  record.mean_us = std::accumulate(samples.begin(), samples.end(), 0.0) / count;
  const double squares = std::accumulate(samples.begin(), samples.end(), 0.0, [&](double sum, double sample) {
    return sum + (sample - record.mean_us) * (sample - record.mean_us);
  });
  record.std_us = std::sqrt(squares / count);
  record.steps_per_second = static_cast<double>(batch * seq_len) / record.mean_us * 1e6;
  return record;
}

// Values that any model takes, the same on every machine: uniform in -1..1, or legal tokens.
Tensor make_input(const TensorSpec& spec, std::int64_t batch, std::int64_t seq_len) {
  const Shape shape = shape_of(spec, [&](const std::string& name) -> std::int64_t {
    return name == "batch" ? batch : name == "seq_len" ? seq_len : 1;
  });
  std::mt19937 random(0);  // the standard fixes its sequence, but not that of the distributions
  const auto count = static_cast<std::size_t>(element_count(shape));
  if (is_floating(spec.dtype)) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random()) / 2147483648.0F - 1.0F;
    return Tensor::of(shape, values);
  }
  const TokenRange range = spec.range.value_or(TokenRange{0, 0});
  std::vector<std::int64_t> values(count);
  for (std::int64_t& value : values)
    value = range.low + static_cast<std::int64_t>(random()) % (range.high - range.low + 1);
  return Tensor::of(shape, values);
}

BenchmarkRecord measure_steps(const Model& model, const BenchmarkOptions& options) {
  const TensorSpec& spec = model.manifest()->inputs.front();
  const Tensor input = make_input(spec, 1, spec.min_steps);
  if (!model.manifest()->streamable) {
    Inputs inputs;
    inputs.input = input;
    const std::string name = spec.min_steps == 1 ? "one step" : std::to_string(spec.min_steps) + " steps";
    return measure(name, 1, spec.min_steps, options, [&] { static_cast<void>(model.run(inputs)); });
  }
  State state = model.initial_state(1);
  return measure("one step, state carried", 1, 1, options,
                 [&] { static_cast<void>(model.run(input, state)); });
}

}  // namespace

std::vector<BenchmarkRecord> benchmark(const Model& model, const std::optional<Inputs>& input,
                                       const BenchmarkOptions& options) {
  if (!model.manifest()) throw Error(Status::usage, "the model has no manifest; use zoo::benchmark_call");
  const TensorSpec& spec = model.manifest()->inputs.front();
  if (input) {
    static_cast<void>(model.run(*input));  // refuses a wrong shape
    const Shape& shape = input->input.shape();
    return {measure("input", shape[*axis_of(spec, "batch")], shape[*axis_of(spec, "seq_len")], options,
                    [&] { static_cast<void>(model.run(*input)); })};
  }
  std::vector<BenchmarkRecord> records{measure_steps(model, options)};
  Inputs sequence;
  const std::int64_t steps = std::max(kSequenceSteps, spec.min_steps);
  sequence.input = make_input(spec, 1, steps);
  records.push_back(measure(std::to_string(steps) + " steps", 1, steps, options,
                            [&] { static_cast<void>(model.run(sequence)); }));
  return records;
}

std::vector<BenchmarkRecord> benchmark_call(const Model& model, const std::vector<Value>& arguments,
                                            const CallOptions& call, const BenchmarkOptions& options) {
  // Without a manifest no dimension has a name; batch first is the most likely order.
  std::int64_t batch = 1;
  std::int64_t seq_len = 1;
  for (const Value& argument : arguments) {
    const Tensor* tensor = std::get_if<Tensor>(&argument);
    if (tensor == nullptr) continue;
    if (tensor->rank() > 0) batch = tensor->shape()[0];
    if (tensor->rank() > 1) seq_len = tensor->shape()[1];
    break;
  }
  return {
      measure(call.method, batch, seq_len, options, [&] { static_cast<void>(model.call(arguments, call)); })};
}

}  // namespace zoo
