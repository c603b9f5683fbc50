#include "zoo/verify.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/message.h"
#include "base/tensor_slice.h"
#include "core/compare.h"
#include "core/device.h"
#include "core/feature_errors.h"
#include "zoo/error.h"

namespace zoo {
namespace {

constexpr std::int64_t kChunks[] = {1, 7, 16};

struct Golden {
  std::string name;
  Inputs inputs;
  Tensor output;
  std::vector<Tensor> state;
};

Golden read_golden(const ModelFile& file, const GoldenSample& sample) {
  Golden golden;
  golden.name = sample.name;
  golden.output = file.golden(sample.output);
  golden.inputs.input = file.golden(sample.input);
  if (sample.lengths) golden.inputs.lengths = file.golden(*sample.lengths);
  for (const std::string& name : sample.state) golden.state.push_back(file.golden(name));
  return golden;
}

// A run that throws is a failed check; the other checks go on.
Check make_check(std::string name, const Criterion& criterion, const std::function<Difference()>& measure) {
  Check check;
  check.name = std::move(name);
  if (const auto* limit = std::get_if<ErrorLimit>(&criterion)) {
    check.limit = *limit;
  } else {
    check.tolerance = std::get<Tolerance>(criterion);
  }
  try {
    const Difference difference = measure();
    check.worst_difference = difference.worst;
    check.worst_ratio = difference.ratio;
    check.passed = difference.ratio <= 1;
  } catch (const Error& error) {
    check.worst_difference = check.worst_ratio = std::numeric_limits<double>::infinity();
    check.detail = error.what();
  }
  return check;
}

class Replay {
 public:
  Replay(const Model& model, Golden golden)
      : model_(model),
        golden_(std::move(golden)),
        input_(model.manifest()->inputs.front()),
        output_(model.manifest()->outputs.front()),
        state_(model.manifest()->state) {}

  [[nodiscard]] Difference whole(const Criterion& criterion) const {
    return compare_result(model_.run(golden_.inputs), golden_.output, golden_.state, criterion);
  }

  // From the model's own initial state, which has to be what no state stands for.
  [[nodiscard]] Difference in_chunks(std::int64_t chunk, const Criterion& criterion) const {
    Inputs inputs = golden_.inputs;
    inputs.state = model_.initial_state(rows());
    return compare_result(model_.run(inputs, {chunk, 0, {}}), golden_.output, golden_.state, criterion);
  }

  // Adds the whole to the errors of each feature, row by row, without padding.
  void add_to(FeatureErrors& errors) const {
    const Tensor actual = model_.run(golden_.inputs).outputs.at(0).tensor;
    if (actual.shape() != golden_.output.shape()) return errors.add(actual, golden_.output);
    for (std::int64_t row = 0; row < rows(); ++row) {
      errors.add(valid_part(actual, row), valid_part(golden_.output, row));
    }
  }

  // Each row by itself, without its padding. A row of length 0 has nothing to run.
  [[nodiscard]] Difference rows_alone(const Criterion& criterion) const {
    Difference difference;
    for (std::int64_t row = 0; row < rows(); ++row) {
      const std::int64_t steps = length_of(row);
      if (steps == 0) continue;
      Inputs inputs;
      inputs.input = slice(slice(golden_.inputs.input, *axis_of(input_, "batch"), row, 1),
                           *axis_of(input_, "seq_len"), 0, steps);
      const Tensor output = valid_part(golden_.output, row);
      std::vector<Tensor> state;
      for (const Tensor& tensor : golden_.state) state.push_back(slice(tensor, 1, row, 1));
      difference = larger(difference, compare_result(model_.run(inputs), output, state, criterion));
    }
    return difference;
  }

  // The batch twice over, in one call.
  [[nodiscard]] Difference stacked(const Criterion& criterion) const {
    const auto twice = [](const Tensor& tensor, std::size_t axis) {
      return concatenate({tensor, tensor}, axis);
    };
    Inputs inputs;
    inputs.input = twice(golden_.inputs.input, *axis_of(input_, "batch"));
    if (golden_.inputs.lengths) inputs.lengths = twice(*golden_.inputs.lengths, 0);
    std::vector<Tensor> state;
    for (const Tensor& tensor : golden_.state) state.push_back(twice(tensor, 1));
    return compare_result(model_.run(inputs), twice(golden_.output, *axis_of(output_, "batch")), state,
                          criterion);
  }

 private:
  // The larger difference of output and final state.
  [[nodiscard]] Difference compare_result(const Result& result, const Tensor& output,
                                          const std::vector<Tensor>& state,
                                          const Criterion& criterion) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::vector<Tensor> actual = result.state.tensors();
    if (actual.size() != state.size() || state.size() != state_.size()) return {infinity, infinity};
    const Tensor& first = result.outputs.at(0).tensor;
    const auto& features = model_.manifest()->features;
    Difference difference = compare(first, output, output_.name, criterion, features);
    for (std::size_t i = 0; i < state.size(); ++i) {
      difference = larger(difference, compare(actual[i], state[i], state_[i].name, criterion, features));
    }
    return difference;
  }

  // A row of an output, without its padding.
  [[nodiscard]] Tensor valid_part(const Tensor& output, std::int64_t row) const {
    Tensor part = slice(output, *axis_of(output_, "batch"), row, 1);
    if (const auto axis = axis_of(output_, "seq_len")) part = slice(part, *axis, 0, length_of(row));
    return part;
  }

  [[nodiscard]] std::int64_t rows() const {
    return golden_.inputs.input.shape().at(*axis_of(input_, "batch"));
  }
  [[nodiscard]] std::int64_t length_of(std::int64_t row) const {
    if (!golden_.inputs.lengths) return golden_.inputs.input.shape().at(*axis_of(input_, "seq_len"));
    return golden_.inputs.lengths->values<std::int64_t>()[static_cast<std::size_t>(row)];
  }

  const Model& model_;
  Golden golden_;
  const TensorSpec& input_;
  const TensorSpec& output_;
  const std::vector<TensorSpec>& state_;
};

// How far each kind of check may be off.
struct Criteria {
  Criterion replay, stream, batch;
  bool against_own_whole = false;  // chunks and batches are compared with the engine's own whole sequences
};

Criteria criteria_of(const Model& model) {
  const Manifest& manifest = *model.manifest();
  if (!model.acceleration().fused.empty()) {
    const std::string precision(precision_name(model.acceleration().precision()));
    const auto found = manifest.precisions.find(precision);
    if (found == manifest.precisions.end()) {
      throw Error(Status::bad_data, "the manifest has no error limit for precision " + quote(precision));
    }
    const auto& [whole, regrouped] = found->second;
    if (!regrouped) return {whole, whole, whole, false};
    return {whole, *regrouped, *regrouped, true};
  }
  const auto found = manifest.tolerances.find(parse_device(model.device()).kind());
  if (found != manifest.tolerances.end())
    return {found->second.replay, found->second.stream, found->second.batch, false};
  throw Error(Status::bad_data, "the manifest has no tolerances for device " + quote(model.device()));
}

Golden own_whole(const Model& model, Golden golden) {
  Result result = model.run(golden.inputs);
  golden.output = std::move(result.outputs.at(0).tensor);
  golden.state = result.state.tensors();
  return golden;
}

void add_checks(const Model& model, const Golden& golden, const Criteria& criteria,
                std::vector<Check>& checks) {
  const auto add = [&](const std::string& what, const Criterion& criterion,
                       const std::function<Difference(const Criterion&)>& run) {
    checks.push_back(make_check(golden.name + ": " + what, criterion, [&] { return run(criterion); }));
  };
  const Replay whole(model, golden);
  add("whole", criteria.replay, [&](const Criterion& c) { return whole.whole(c); });
  const Replay parts(model, criteria.against_own_whole ? own_whole(model, golden) : golden);
  if (model.manifest()->streamable) {
    for (const std::int64_t chunk : kChunks) {
      add("chunks of " + std::to_string(chunk), criteria.stream,
          [&](const Criterion& c) { return parts.in_chunks(chunk, c); });
    }
  }
  if (!model.manifest()->rows_independent) return;
  add("rows alone", criteria.batch, [&](const Criterion& c) { return parts.rows_alone(c); });
  add("stacked twice", criteria.batch, [&](const Criterion& c) { return parts.stacked(c); });
}

// A cheaper precision moves the outputs by more than a sample alone can judge: all samples together say what
// it does to each feature, or how many whole numbers it changes.
void add_feature_check(const ModelFile& file, const Model& model, const Criterion& criterion,
                       std::vector<Check>& checks) {
  const Manifest& manifest = *file.manifest();
  const auto* limit = std::get_if<ErrorLimit>(&criterion);
  const auto found = manifest.features.find(manifest.outputs.front().name);
  const FeatureSizes& sizes = found == manifest.features.end() ? FeatureSizes{} : found->second;
  const bool whole_numbers = !is_float(manifest.outputs.front().dtype);
  if (limit == nullptr || limit->of_feature == 0 || (!whole_numbers && sizes.deviation.size() < 2)) return;
  const std::string name = whole_numbers ? "all samples: changed outputs" : "all samples: each feature";
  checks.push_back(make_check(name, criterion, [&] {
    FeatureErrors errors(*limit, sizes);
    for (const GoldenSample& sample : manifest.golden)
      Replay(model, read_golden(file, sample)).add_to(errors);
    return errors.difference();
  }));
}

void require_golden(const ModelFile& file) {
  if (file.manifest() && !file.manifest()->golden.empty()) return;
  throw Error(Status::bad_data, "the model has no golden samples to verify; save it with zoo.save_artifact",
              Hint::artifact);
}

}  // namespace

std::vector<Check> verify(const ModelFile& file, const Model& model) {
  require_golden(file);
  const Criteria criteria = criteria_of(model);
  std::vector<Check> checks;
  for (const GoldenSample& sample : file.manifest()->golden) {
    add_checks(model, read_golden(file, sample), criteria, checks);
  }
  add_feature_check(file, model, criteria.replay, checks);
  return checks;
}

std::vector<Check> verify_cudnn(const ModelFile& file, const Model& model) {
  require_golden(file);
  const auto found = file.manifest()->tolerances.find("cuda");
  if (found == file.manifest()->tolerances.end() || !found->second.cudnn) return {};
  std::vector<Check> checks;
  for (const GoldenSample& sample : file.manifest()->golden) {
    const Replay replay(model, read_golden(file, sample));
    const Criterion criterion = *found->second.cudnn;
    checks.push_back(
        make_check(sample.name + ": whole, with cuDNN", criterion, [&] { return replay.whole(criterion); }));
  }
  return checks;
}

}  // namespace zoo
