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
constexpr std::size_t kArguments = 5;

float* in_place_floats(const at::Tensor& state) {
  TORCH_CHECK(state.is_contiguous() && state.scalar_type() == at::kFloat && state.dim() == 3,
              "the state of a stream must be contiguous float32 of 3 dimensions");
  return state.mutable_data_ptr<float>();
}

at::Tensor advance(const at::Tensor& given, const at::Tensor& h, const c10::IValue& c,
                   const at::Tensor& packed, bool batch_first) {
  TORCH_CHECK(given.dim() == 3 && given.scalar_type() == at::kFloat, "the input of a layer must be float32 ",
              "of 3 dimensions, got ", given.scalar_type(), " of ", given.dim());
  const at::Tensor input = given.stride(2) == 1 ? given : given.contiguous();
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

}  // namespace

c10::Symbol advance_operator() {
  const c10::Symbol name = c10::Symbol::fromQualString(kAdvance);
  static std::once_flag once;
  std::call_once(once, [&] {
    if (!torch::jit::getAllOperatorsFor(name).empty()) return;  // another copy of this library
    torch::jit::registerOperator(torch::jit::Operator(
        kSchema,
        [](torch::jit::Stack& stack) {
          const auto arguments = torch::jit::last(stack, kArguments);
          at::Tensor output = advance(arguments[0].toTensor(), arguments[1].toTensor(), arguments[2],
                                      arguments[3].toTensor(), arguments[4].toBool());
          torch::jit::drop(stack, kArguments);
          stack.emplace_back(std::move(output));
        },
        c10::AliasAnalysisKind::FROM_SCHEMA));
  });
  return name;
}

}  // namespace zoo
