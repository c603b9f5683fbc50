// The C interface: calls that reach the engine without torch.

#include "engine/packed_weights.h"
#include "engine/stack.h"
#include "operators/run_stack.h"
#include "zoo_ops.h"

namespace zoo::engine {
namespace {

bool fits(const StackSizes& s, const ZooStreamCall& call) {
  return s.num_directions == 1 && s.num_layers == call.num_layers && s.input_size == call.input_size &&
         s.output_size() == call.output_size && s.has_c() == (call.c != nullptr) &&
         (call.c == nullptr || s.hidden_size == call.hidden_size) && call.steps > 0 && call.batch > 0 &&
         call.batch <= kLargestBatch;
}

ZooStatus run_stream_call(const ZooStreamCall& call) noexcept {
  const auto* packed = static_cast<const uint8_t*>(call.packed);
  StackSizes sizes;
  if (read_header(packed, static_cast<size_t>(call.packed_bytes), &sizes) != nullptr) return kZooUnfit;
  if (!fits(sizes, call)) return kZooUnfit;
  StackView view =
      make_view(sizes, packed, {call.steps, static_cast<int>(call.batch), nullptr}, call.steps * call.batch,
                {call.input, call.input_step_stride, call.input_row_stride},
                {call.output, call.output_step_stride, call.output_row_stride});
  view.h_0 = view.h_n = call.h;
  view.c_0 = view.c_n = call.c;
  return try_run_stack(view) ? kZooDone : kZooNoMemory;
}

}  // namespace
}  // namespace zoo::engine

const char* zoo_ops_namespace() { return "zoo"; }

int zoo_run_bound_call(const void* call) noexcept {
  using namespace zoo::engine;
  return try_run_stack(*static_cast<const StackView*>(call)) ? kZooDone : kZooNoMemory;
}

int zoo_run_stream_call(const ZooStreamCall* call) noexcept { return zoo::engine::run_stream_call(*call); }
