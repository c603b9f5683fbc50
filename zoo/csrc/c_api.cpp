// The C interface: calls that reach the engine without torch.

#include "engine/packed_weights.h"
#include "engine/stack.h"
#include "operators/run_sliding.h"
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

bool fits(const SlidingSizes& s, const ZooSlidingCall& call) {
  const int64_t tail = call.tail_pieces * call.piece_floats, steps = s.steps(tail + call.input_floats);
  return call.rows > 0 && call.input_floats > 0 && call.tail_pieces >= 0 && call.piece_floats > 0 &&
         tail % s.channels == 0 && call.input_floats % s.channels == 0 && tail <= kLargestWindow &&
         steps > 0 && steps * s.outputs == call.output_floats;
}

ZooStatus run_sliding_call(const ZooSlidingCall& call) noexcept {
  const auto* packed = static_cast<const uint8_t*>(call.packed);
  SlidingSizes sizes;
  if (read_sliding_header(packed, static_cast<size_t>(call.packed_bytes), &sizes) != nullptr)
    return kZooUnfit;
  if (!fits(sizes, call)) return kZooUnfit;
  return try_advance_sliding(sizes, packed, call) ? kZooDone : kZooNoMemory;
}

}  // namespace
}  // namespace zoo::engine

const char* zoo_ops_namespace() { return "zoo"; }

int zoo_run_bound_call(const void* call) noexcept {
  using namespace zoo::engine;
  return try_run_stack(*static_cast<const StackView*>(call)) ? kZooDone : kZooNoMemory;
}

int zoo_run_stream_call(const ZooStreamCall* call) noexcept { return zoo::engine::run_stream_call(*call); }

int zoo_run_sliding_call(const ZooSlidingCall* call) noexcept { return zoo::engine::run_sliding_call(*call); }
