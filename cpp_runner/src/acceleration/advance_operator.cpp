#include "acceleration/advance_operator.h"

#include <ATen/EmptyTensor.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <cstdint>
#include <mutex>
#include <utility>

#include "zoo_ops.h"

namespace zoo {
namespace {

constexpr const char* kAdvance = "zoo::advance";
constexpr const char* kSchema =
    "zoo::advance(Tensor input, Tensor(a!) h, Tensor(b!)? c, Tensor packed, bool batch_first) -> Tensor";
constexpr const char* kAdvanceSliding = "zoo::advance_sliding";
constexpr const char* kSlidingSchema =
    "zoo::advance_sliding(Tensor input, Tensor(a!) tail, Tensor packed, int row_axis, int step_axis, int "
    "size, "
    "int step, int channels, int outputs) -> Tensor";

float* in_place_floats(const at::Tensor& state) {
  TORCH_CHECK(state.is_contiguous() && state.scalar_type() == at::kFloat && state.dim() == 3,
              "the state of a stream must be contiguous float32 of 3 dimensions");
  return state.mutable_data_ptr<float>();
}

// The tensor, with its features side by side and its numbers in memory: the dispatcher, which would see to
// the negative bit, is not on the way here.
at::Tensor plain_floats(const at::Tensor& given, bool in_order) {
  const at::Tensor resolved = given.is_neg() ? given.resolve_neg() : given;
  return in_order ? resolved : resolved.contiguous();
}

at::Tensor advance(const at::Tensor& given, const at::Tensor& h, const c10::IValue& c,
                   const at::Tensor& packed, bool batch_first) {
  TORCH_CHECK(given.dim() == 3 && given.scalar_type() == at::kFloat, "the input of a layer must be float32 ",
              "of 3 dimensions, got ", given.scalar_type(), " of ", given.dim());
  const at::Tensor input = plain_floats(given, given.stride(2) == 1);
  const std::int64_t time = batch_first ? 1 : 0;
  const std::int64_t row = 1 - time;
  ZooStreamCall call = {};
  call.packed = packed.const_data_ptr();
  call.packed_bytes = packed.numel();
  call.steps = input.size(time);
  call.batch = input.size(row);
  call.num_layers = h.size(0);
  call.input_size = input.size(2);
  call.output_size = h.size(2);
  call.h = in_place_floats(h);
  TORCH_CHECK(h.size(1) == call.batch, "the state has ", h.size(1), " rows, the input ", call.batch);
  if (c.isTensor()) {
    const at::Tensor& cell = c.toTensor();
    call.c = in_place_floats(cell);
    call.hidden_size = cell.size(2);
    TORCH_CHECK(cell.size(0) == call.num_layers && cell.size(1) == call.batch,
                "the states of a layer have different shapes");
  }
  // at::empty would go through the dispatcher, which costs a step a part of its time.
  const at::Tensor output(
      at::detail::empty_cpu({input.size(0), input.size(1), call.output_size}, at::kFloat));
  call.input = input.const_data_ptr<float>();
  call.input_step_stride = input.stride(time);
  call.input_row_stride = input.stride(row);
  call.output = output.mutable_data_ptr<float>();
  call.output_step_stride = output.stride(time);
  call.output_row_stride = output.stride(row);
  const int status = zoo_run_stream_call(&call);
  TORCH_CHECK(status != kZooUnfit, "input or state size does not match the layer's weights");
  TORCH_CHECK(status == kZooDone, "no memory for the working space of a layer");
  return output;
}

// The sizes of a sliding operator, in steps of its input.
struct Sliding {
  std::int64_t size, step, channels, outputs;
};

at::Tensor advance_sliding(const at::Tensor& given, const at::Tensor& tail, const at::Tensor& packed,
                           std::int64_t row_axis, std::int64_t step_axis, const Sliding& sizes) {
  TORCH_CHECK(given.dim() >= 2 && given.scalar_type() == at::kFloat,
              "the input of a sliding operator must be float32 of 2 dimensions or more, got ",
              given.scalar_type(), " of ", given.dim());
  const at::Tensor input = plain_floats(given, given.is_contiguous());
  ZooSlidingCall call = {};
  call.packed = packed.const_data_ptr();
  call.packed_bytes = packed.numel();
  call.rows = input.size(0);
  call.input_floats = call.rows == 0 ? 0 : input.numel() / call.rows;
  call.input = input.const_data_ptr<float>();
  call.tail = in_place_floats(tail);
  TORCH_CHECK(tail.size(row_axis) == call.rows, "the state has ", tail.size(row_axis), " rows, the input ",
              call.rows);
  const bool flat = step_axis == tail.dim() - 1;  // the past of a row is one piece, of steps of one float
  call.tail_pieces = flat ? 1 : tail.size(step_axis);
  call.piece_floats = tail.size(tail.dim() - 1);
  call.tail_row_stride = tail.stride(row_axis);
  call.tail_piece_stride = tail.stride(step_axis);
  const std::int64_t floats = call.tail_pieces * call.piece_floats + call.input_floats;
  const std::int64_t windows = floats - sizes.size * sizes.channels;
  TORCH_CHECK(windows >= 0, "the input of a sliding operator has fewer steps than it needs");
  const std::int64_t steps = windows / (sizes.step * sizes.channels) + 1;
  call.output_floats = steps * sizes.outputs;
  const at::Tensor output(at::detail::empty_cpu({call.rows, steps, sizes.outputs}, at::kFloat));
  call.output = output.mutable_data_ptr<float>();
  const int status = zoo_run_sliding_call(&call);
  TORCH_CHECK(status != kZooUnfit, "input or state size does not match the sliding operator's weights");
  TORCH_CHECK(status == kZooDone, "no memory for the working space of a sliding operator");
  return output;
}

// Registers an operator that takes so many arguments and returns a tensor.
template <std::size_t COUNT, class Run>
void register_operator(const char* schema, Run run) {
  torch::jit::registerOperator(torch::jit::Operator(
      schema,
      [run](torch::jit::Stack& stack) {
        at::Tensor output = run(torch::jit::last(stack, COUNT));
        torch::jit::drop(stack, COUNT);
        stack.emplace_back(std::move(output));
      },
      c10::AliasAnalysisKind::FROM_SCHEMA));
}

void register_operators() {
  if (!torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(kAdvance)).empty())
    return;  // another copy of this library
  register_operator<5>(kSchema, [](at::ArrayRef<c10::IValue> given) {
    return advance(given[0].toTensor(), given[1].toTensor(), given[2], given[3].toTensor(),
                   given[4].toBool());
  });
  register_operator<9>(kSlidingSchema, [](at::ArrayRef<c10::IValue> given) {
    return advance_sliding(given[0].toTensor(), given[1].toTensor(), given[2].toTensor(), given[3].toInt(),
                           given[4].toInt(),
                           {given[5].toInt(), given[6].toInt(), given[7].toInt(), given[8].toInt()});
  });
}

c10::Symbol registered(const char* name) {
  static std::once_flag once;
  std::call_once(once, register_operators);
  return c10::Symbol::fromQualString(name);
}

}  // namespace

c10::Symbol advance_operator() { return registered(kAdvance); }
c10::Symbol advance_sliding_operator() { return registered(kAdvanceSliding); }

}  // namespace zoo
