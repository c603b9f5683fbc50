#include "operators/stack_views.h"

#include "operators/checks.h"

namespace zoo {

int check_batch(const char* op, int64_t batch) {
  if (batch > kLargestBatch) fail(op, "a batch of ", batch, " rows is too large");
  return static_cast<int>(batch);
}

bool needs_between(const StackSizes& s) { return s.num_directions == 2 && s.num_layers > 1; }

StackView padded_view(const StackSizes& s, const Tensor& packed, const Tensor& input, bool batch_first) {
  const int64_t time = batch_first ? 1 : 0, row = 1 - time;
  const int64_t steps = input.size(time), batch = input.size(row);
  const int64_t width = static_cast<int64_t>(s.num_directions) * s.output_size();
  StackView view = {};
  view.sizes = s;
  view.packed = static_cast<const uint8_t*>(packed.data_ptr());
  view.steps = {steps, static_cast<int>(batch), nullptr};
  view.total_rows = steps * batch;
  view.input = {read(input), input.stride(time), input.stride(row)};
  view.output = {nullptr, batch_first ? width : batch * width, batch_first ? steps * width : width};
  view.between = view.output;
  return view;
}

}  // namespace zoo
