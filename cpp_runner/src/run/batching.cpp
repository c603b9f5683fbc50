#include "run/batching.h"

#include <algorithm>

#include "base/tensor_slice.h"

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

}  // namespace zoo
