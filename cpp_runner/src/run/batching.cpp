#include "run/batching.h"

#include <algorithm>

#include "base/message.h"
#include "base/tensor_slice.h"
#include "zoo/error.h"

namespace zoo {
namespace {

CheckedInputs slice_rows(const Manifest& manifest, const CheckedInputs& inputs, std::int64_t begin,
                         std::int64_t count) {
  CheckedInputs rows;
  rows.converted = slice(inputs.input(), *axis_of(manifest.inputs.front(), "batch"), begin, count);
  if (inputs.lengths) rows.lengths = slice(*inputs.lengths, 0, begin, count);
  rows.batch = count;
  rows.seq_len = inputs.seq_len;
  return rows;
}

// Dimension 0 of the first tensor. Throws Error(usage) where there is none.
std::int64_t count_rows(const std::vector<Value>& arguments) {
  for (const Value& argument : arguments) {
    const Tensor* tensor = std::get_if<Tensor>(&argument);
    if (tensor != nullptr && tensor->rank() > 0) return tensor->shape()[0];
  }
  throw Error(Status::usage, "there is no tensor among the inputs whose batch could be split");
}

}  // namespace

TorchModule::Step forward_in_batches(const TorchModule& module, const Manifest& manifest,
                                     const CheckedInputs& inputs, const State& state,
                                     const RunOptions& options, const RunRows& run) {
  std::vector<std::vector<Tensor>> outputs(manifest.outputs.size());
  std::vector<State> states;
  for (std::int64_t begin = 0; begin < inputs.batch; begin += options.batch_size) {
    const std::int64_t count = std::min(options.batch_size, inputs.batch - begin);
    TorchModule::Step step =
        run(slice_rows(manifest, inputs, begin, count), module.slice_rows(state, begin, count));
    for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i].push_back(std::move(step.outputs.at(i)));
    states.push_back(std::move(step.state));
    if (options.progress) options.progress(begin + count, inputs.batch);
  }
  TorchModule::Step joined;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    joined.outputs.push_back(concatenate(outputs[i], *axis_of(manifest.outputs[i], "batch")));
  }
  joined.state = module.join_rows(states);
  return joined;
}

std::vector<NamedTensor> call_in_batches(const std::vector<Value>& arguments, const CallOptions& options,
                                         const RunArguments& run) {
  const std::int64_t rows = count_rows(arguments);
  std::vector<NamedTensor> joined;
  std::vector<std::vector<Tensor>> outputs;
  for (std::int64_t begin = 0; begin < rows; begin += options.batch_size) {
    const std::int64_t count = std::min(options.batch_size, rows - begin);
    std::vector<Value> part = arguments;
    for (Value& argument : part) {
      const Tensor* tensor = std::get_if<Tensor>(&argument);
      if (tensor != nullptr && tensor->rank() > 0 && tensor->shape()[0] == rows) {
        argument = slice(*tensor, 0, begin, count);
      }
    }
    joined = run(part);
    outputs.resize(joined.size());
    for (std::size_t i = 0; i < joined.size(); ++i) {
      const Tensor& output = joined[i].tensor;
      if (output.rank() == 0 || output.shape()[0] != count) {
        throw Error(Status::bad_data,
                    "output " + quote(joined[i].name) + " of shape " + shape_text(output.shape()) +
                        " does not have the " + std::to_string(count) +
                        " rows of its batch in dimension 0; run all rows at once",
                    Hint::batch_size);
      }
      outputs[i].push_back(output);
    }
    if (options.progress) options.progress(begin + count, rows);
  }
  for (std::size_t i = 0; i < joined.size(); ++i) joined[i].tensor = concatenate(outputs[i], 0);
  return joined;
}

}  // namespace zoo
