// A stream's next steps without a way through torch: the caller has its state already, and it stays in place.

#include "engine/packed_weights.h"
#include "include/zoo_ops.h"
#include "operators/run_stack.h"

namespace zoo {
namespace {

bool fits(const StackSizes& s, const ZooStreamCall& call) {
  return s.num_directions == 1 && s.num_layers == call.num_layers && s.input_size == call.input_size &&
         s.output_size() == call.output_size && (s.cell == Cell::lstm) == (call.c != nullptr) &&
         (call.c == nullptr || s.hidden_size == call.hidden_size) && call.steps > 0 && call.batch > 0 &&
         call.batch <= kLargestBatch;
}

}  // namespace
}  // namespace zoo

int zoo_run_stream_call(const ZooStreamCall* call) noexcept {
  using namespace zoo;
  StackView view = {};
  const auto* packed = static_cast<const uint8_t*>(call->packed);
  if (read_header(packed, static_cast<size_t>(call->packed_bytes), &view.sizes) != nullptr) return kZooUnfit;
  if (!fits(view.sizes, *call)) return kZooUnfit;
  view.packed = packed;
  view.steps = {call->steps, static_cast<int>(call->batch), nullptr};
  view.total_rows = call->steps * call->batch;
  view.input = {call->input, call->input_step_stride, call->input_row_stride};
  view.output = {call->output, call->output_step_stride, call->output_row_stride};
  view.h_0 = view.h_n = call->h;
  view.c_0 = view.c_n = call->c;
  return try_run_stack(view) ? kZooDone : kZooNoMemory;
}
