#include "run/streaming.h"

#include <algorithm>

#include "base/tensor_slice.h"

namespace zoo {
namespace {

// The number of steps that each row has in begin..begin+count.
Tensor chunk_lengths(const Tensor& lengths, std::int64_t begin, std::int64_t count) {
  Tensor part = lengths;
  for (std::int64_t& length : part.values<std::int64_t>()) {
    length = std::clamp<std::int64_t>(length - begin, 0, count);
  }
  return part;
}

// Copies the rows that had steps in this chunk; a row that ended before keeps its values.
void keep_ended_rows(const Tensor& latest, const Tensor& lengths, std::size_t batch_axis, Tensor& kept) {
  const auto values = lengths.values<std::int64_t>();
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (values[row] > 0) copy_row(latest, kept, batch_axis, static_cast<std::int64_t>(row));
  }
}

}  // namespace

TorchModule::Step forward_in_chunks(const TorchModule& module, const Manifest& manifest,
                                    const CheckedInputs& inputs, State state, std::int64_t chunk) {
  const std::size_t time_axis = *axis_of(manifest.inputs.front(), "seq_len");
  TorchModule::Step last;
  std::vector<std::vector<Tensor>> parts(manifest.outputs.size());
  for (std::int64_t begin = 0; begin < inputs.seq_len; begin += chunk) {
    const std::int64_t count = std::min(chunk, inputs.seq_len - begin);
    const Tensor input = slice(inputs.input(), time_axis, begin, count);
    std::optional<Tensor> lengths;
    if (inputs.lengths) {
      lengths = chunk_lengths(*inputs.lengths, begin, count);
      last = module.forward(input, lengths, state);
      state = std::move(last.state);
    } else {
      last.outputs = {module.advance(input, state)};
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const TensorSpec& spec = manifest.outputs[i];
      if (axis_of(spec, "seq_len") || parts[i].empty()) {
        parts[i].push_back(std::move(last.outputs.at(i)));
      } else if (lengths) {
        keep_ended_rows(last.outputs.at(i), *lengths, *axis_of(spec, "batch"), parts[i].front());
      } else {
        parts[i].front() = std::move(last.outputs.at(i));
      }
    }
  }
  TorchModule::Step whole;
  whole.state = std::move(state);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto axis = axis_of(manifest.outputs[i], "seq_len");
    whole.outputs.push_back(axis ? concatenate(parts[i], *axis) : std::move(parts[i].front()));
  }
  return whole;
}

}  // namespace zoo
