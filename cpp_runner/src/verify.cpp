#include "zoo/verify.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "compare.h"
#include "device.h"
#include "message.h"
#include "tensor_slice.h"
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

// A model that cannot be run as it should is a failed check, not the end of the others.
Check make_check(std::string name, const Tolerance& tolerance, const std::function<Difference()>& measure) {
  Check check{std::move(name), 0, 0, tolerance, false, {}};
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

  [[nodiscard]] Difference whole(const Tolerance& tolerance) const {
    return compare_result(model_.run(golden_.inputs), golden_.output, golden_.state, tolerance);
  }

  [[nodiscard]] Difference in_chunks(std::int64_t chunk, const Tolerance& tolerance) const {
    return compare_result(model_.run(golden_.inputs, {chunk, 0, {}}), golden_.output, golden_.state,
                          tolerance);
  }

  // Each row without the others and without its padding.
  [[nodiscard]] Difference rows_alone(const Tolerance& tolerance) const {
    Difference difference;
    for (std::int64_t row = 0; row < rows(); ++row) {
      const std::int64_t steps = length_of(row);
      Inputs inputs;
      inputs.input = slice(slice(golden_.inputs.input, *axis_of(input_, "batch"), row, 1),
                           *axis_of(input_, "seq_len"), 0, steps);
      Tensor output = slice(golden_.output, *axis_of(output_, "batch"), row, 1);
      if (const auto axis = axis_of(output_, "seq_len")) output = slice(output, *axis, 0, steps);
      std::vector<Tensor> state;
      for (const Tensor& tensor : golden_.state) state.push_back(slice(tensor, 1, row, 1));
      difference = larger(difference, compare_result(model_.run(inputs), output, state, tolerance));
    }
    return difference;
  }

  // The batch twice over, in one call.
  [[nodiscard]] Difference stacked(const Tolerance& tolerance) const {
    const auto twice = [](const Tensor& tensor, std::size_t axis) {
      return concatenate({tensor, tensor}, axis);
    };
    Inputs inputs;
    inputs.input = twice(golden_.inputs.input, *axis_of(input_, "batch"));
    if (golden_.inputs.lengths) inputs.lengths = twice(*golden_.inputs.lengths, 0);
    std::vector<Tensor> state;
    for (const Tensor& tensor : golden_.state) state.push_back(twice(tensor, 1));
    return compare_result(model_.run(inputs), twice(golden_.output, *axis_of(output_, "batch")), state,
                          tolerance);
  }

  [[nodiscard]] const std::string& name() const { return golden_.name; }

 private:
  // Output and final state; whichever is further off counts.
  [[nodiscard]] Difference compare_result(const Result& result, const Tensor& output,
                                          const std::vector<Tensor>& state,
                                          const Tolerance& tolerance) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::vector<Tensor> actual = result.state.tensors();
    if (actual.size() != state.size() || state.size() != state_.size()) return {infinity, infinity};
    const Tensor& first = result.outputs.at(0).tensor;
    Difference difference = compare(first, output, tolerance.atol_for(output_.name), tolerance.rtol);
    for (std::size_t i = 0; i < state.size(); ++i) {
      const double atol = tolerance.atol_for(state_[i].name);
      difference = larger(difference, compare(actual[i], state[i], atol, tolerance.rtol));
    }
    return difference;
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

const Tolerances& tolerances_of(const Model& model) {
  const auto& all = model.manifest()->tolerances;
  const auto found = all.find(parse_device(model.device()).kind());
  if (found != all.end()) return found->second;
  throw Error(Status::bad_data, "the manifest has no tolerances for device " + quote(model.device()));
}

void add_checks(const Model& model, const Replay& replay, const Tolerances& tolerances,
                std::vector<Check>& checks) {
  const auto add = [&](const std::string& what, const Tolerance& tolerance,
                       const std::function<Difference()>& run) {
    checks.push_back(make_check(replay.name() + ": " + what, tolerance, run));
  };
  add("whole", tolerances.replay, [&] { return replay.whole(tolerances.replay); });
  if (model.manifest()->streamable) {
    for (const std::int64_t chunk : kChunks) {
      add("chunks of " + std::to_string(chunk), tolerances.stream,
          [&] { return replay.in_chunks(chunk, tolerances.stream); });
    }
  }
  add("rows alone", tolerances.batch, [&] { return replay.rows_alone(tolerances.batch); });
  add("stacked twice", tolerances.batch, [&] { return replay.stacked(tolerances.batch); });
}

}  // namespace

std::vector<Check> verify(const ModelFile& file, const Model& model) {
  if (!file.manifest() || file.manifest()->golden.empty()) {
    throw Error(Status::bad_data,
                "the model has no golden samples to verify; make an artifact with scripts/script_model.py");
  }
  const Tolerances& tolerances = tolerances_of(model);
  std::vector<Check> checks;
  for (const GoldenSample& sample : file.manifest()->golden) {
    add_checks(model, Replay(model, read_golden(file, sample)), tolerances, checks);
  }
  return checks;
}

}  // namespace zoo
