#include "operators/recurrent.h"

#include <torch/csrc/stable/ops.h>

#include "operators/checks.h"
#include "operators/padded_view.h"
#include "operators/run_stack.h"

namespace zoo::engine {
namespace {

StackSizes check_weights(const OperatorName& op, const Tensor& packed) {
  const StackSizes sizes = check_packed(op, packed);
  if (spec(sizes.cell).op != op.name) {
    fail(op, "packed holds the weights of another cell, ", spec(sizes.cell).name,
         "; use the operator of the cell that was packed");
  }
  return sizes;
}

// The operators are told what the packed weights already say, because shapes must follow without reading the
// bytes.
void check_directions(const OperatorName& op, const StackSizes& s, bool bidirectional) {
  if (bidirectional != (s.num_directions == 2)) {
    fail(op, "packed holds ", s.num_directions, " direction(s), but bidirectional is ",
         bidirectional ? "true" : "false");
  }
}

// The tensors that the pointers of a view point into; the caller keeps them alive.
struct States {
  Tensor h_0, c_0;
};

States check_states(const OperatorName& op, const StackSizes& s, int64_t batch, const Tensor& h_0,
                    const Tensor* c_0) {
  States states;
  states.h_0 = contiguous_floats(op, "h_0", h_0, {s.state_rows(), batch, s.output_size()});
  if (c_0 != nullptr) states.c_0 = contiguous_floats(op, "c_0", *c_0, {s.state_rows(), batch, s.hidden_size});
  return states;
}

// Makes the final states, points the view at them and runs it.
Result run(StackView& view, const States& states, const Tensor& output) {
  const StackSizes& s = view.sizes;
  Result result;
  result.output = output;
  result.h_n = empty_floats({s.state_rows(), view.steps.batch, s.output_size()});
  view.h_0 = read(states.h_0);
  view.h_n = write(result.h_n);
  if (s.has_c()) {
    result.c_n = empty_floats({s.state_rows(), view.steps.batch, s.hidden_size});
    view.c_0 = read(states.c_0);
    view.c_n = write(result.c_n);
  }
  run_stack(view);
  return result;
}

// Checks batch_sizes and returns its first entry, the batch size.
int64_t check_batch_sizes(const OperatorName& op, const Tensor& batch_sizes, int64_t rows) {
  if (!batch_sizes.is_cpu() || batch_sizes.scalar_type() != torch::headeronly::ScalarType::Long ||
      batch_sizes.dim() != 1 || batch_sizes.numel() == 0 || !batch_sizes.is_contiguous()) {
    fail(op,
         "batch_sizes must be a contiguous, non-empty 1-d int64 tensor on the CPU, as in a PackedSequence");
  }
  const auto* sizes = static_cast<const int64_t*>(batch_sizes.data_ptr());
  int64_t total = 0;
  for (int64_t t = 0; t < batch_sizes.numel(); ++t) {
    if (sizes[t] < 1 || (t > 0 && sizes[t] > sizes[t - 1])) {
      fail(op, "batch_sizes must be positive and never increase, got ", sizes[t], " at step ", t);
    }
    total += sizes[t];
  }
  if (total != rows) fail(op, "batch_sizes add up to ", total, " rows, but data has ", rows);
  return sizes[0];
}

}  // namespace

Result run_padded(std::string_view name, const Tensor& input, const Tensor& h_0, const Tensor* c_0,
                  const Tensor& packed, bool bidirectional, bool batch_first) {
  const OperatorName op("", name, "");
  const StackSizes s = check_weights(op, packed);
  check_directions(op, s, bidirectional);
  check_floats(op, "input", input, {-1, -1, s.input_size});
  const int64_t steps = input.size(batch_first ? 1 : 0);
  const int batch = check_batch(op, input.size(batch_first ? 0 : 1));
  if (steps == 0)
    fail(op, "expected a sequence of at least one step, got input of shape ", shape_text(input));
  const States states = check_states(op, s, batch, h_0, c_0);

  // Any strides will do, as long as the features of a step lie side by side.
  const Tensor x = input.stride(2) == 1 ? input : torch::stable::contiguous(input);
  const auto make_output = [&] {
    return batch_first ? empty_floats({batch, steps, s.output_width()})
                       : empty_floats({steps, batch, s.output_width()});
  };
  const Tensor output = make_output();
  Tensor between;
  StackView view = padded_view(s, packed, x, batch_first);
  view.output.data = write(output);
  if (needs_between(s)) {
    between = make_output();
    view.between.data = write(between);
  }
  return run(view, states, output);
}

Result run_packed_sequence(std::string_view name, const Tensor& data, const Tensor& batch_sizes,
                           const Tensor& h_0, const Tensor* c_0, const Tensor& packed, bool bidirectional) {
  const OperatorName op("", name, "_packed_sequence");
  const StackSizes s = check_weights(op, packed);
  check_directions(op, s, bidirectional);
  check_floats(op, "data", data, {-1, s.input_size});
  const int batch = check_batch(op, check_batch_sizes(op, batch_sizes, data.size(0)));
  const States states = check_states(op, s, batch, h_0, c_0);

  const Tensor x = data.stride(1) == 1 ? data : torch::stable::contiguous(data);
  const Tensor output = empty_floats({data.size(0), s.output_width()});
  Tensor between;
  StackView view =
      make_view(s, static_cast<const uint8_t*>(packed.data_ptr()),
                {batch_sizes.numel(), batch, static_cast<const int64_t*>(batch_sizes.data_ptr())},
                data.size(0), {read(x), 0, x.stride(0)}, {write(output), 0, s.output_width()});
  if (needs_between(s)) {
    between = empty_floats({data.size(0), s.output_width()});
    view.between.data = write(between);
  }
  return run(view, states, output);
}

Result run_cell(std::string_view name, const Tensor& input, const Tensor& h_0, const Tensor* c_0,
                const Tensor& packed) {
  const OperatorName op("", name, "_cell");
  const StackSizes s = check_weights(op, packed);
  if (s.num_layers != 1 || s.num_directions != 1) fail(op, "packed must hold one layer and one direction");
  check_floats(op, "input", input, {-1, s.input_size});
  const int batch = check_batch(op, input.size(0));
  const Tensor x = contiguous_floats(op, "input", input, {batch, s.input_size});
  const Tensor h = contiguous_floats(op, "h_0", h_0, {batch, s.output_size()});
  Tensor c;
  if (c_0 != nullptr) c = contiguous_floats(op, "c_0", *c_0, {batch, s.hidden_size});

  Result result;
  result.output = empty_floats({batch, s.output_size()});
  StackView view = make_view(s, static_cast<const uint8_t*>(packed.data_ptr()), {1, batch, nullptr}, batch,
                             {read(x), 0, s.input_size}, {write(result.output), 0, s.output_size()});
  view.h_0 = read(h);
  view.h_n = view.output.data;  // the output of a single step is the final state
  if (s.has_c()) {
    result.c_n = empty_floats({batch, s.hidden_size});
    view.c_0 = read(c);
    view.c_n = write(result.c_n);
  }
  run_stack(view);
  return result;
}

}  // namespace zoo::engine
