#include "operators/recurrent_operators.h"

#include <torch/csrc/stable/ops.h>

#include "operators/checks.h"
#include "operators/run_stack.h"
#include "operators/stack_views.h"

namespace zoo {
namespace {

using Cells = std::initializer_list<Cell>;
constexpr Cells kLstm = {Cell::lstm};
constexpr Cells kGru = {Cell::gru};
constexpr Cells kRnn = {Cell::rnn_tanh, Cell::rnn_relu};

struct Result {
  Tensor output, h_n, c_n;
};

// The operators are told what the packed weights already say: shapes must follow without reading the bytes.
void check_directions(const char* op, const StackSizes& s, bool bidirectional) {
  if (bidirectional != (s.num_directions == 2)) {
    fail(op, "packed holds ", s.num_directions, " direction(s), but bidirectional is ",
         bidirectional ? "true" : "false");
  }
}

// The tensors that the pointers of a view point into; the caller keeps them alive.
struct States {
  Tensor h_0, c_0;
};

States check_states(const char* op, const StackSizes& s, int64_t batch, const Tensor& h_0,
                    const Tensor* c_0) {
  const int64_t layers = static_cast<int64_t>(s.num_layers) * s.num_directions;
  States states;
  states.h_0 = contiguous_floats(op, "h_0", h_0, {layers, batch, s.output_size()});
  if (c_0 != nullptr) states.c_0 = contiguous_floats(op, "c_0", *c_0, {layers, batch, s.hidden_size});
  return states;
}

// Makes the final states, points the view at them and runs it.
Result run(StackView& view, const States& states, const Tensor& output, bool lstm) {
  const StackSizes& s = view.sizes;
  const int64_t layers = static_cast<int64_t>(s.num_layers) * s.num_directions;
  Result result;
  result.output = output;
  result.h_n = empty_floats({layers, view.steps.batch, s.output_size()});
  if (lstm) result.c_n = empty_floats({layers, view.steps.batch, s.hidden_size});
  view.h_0 = read(states.h_0);
  view.h_n = write(result.h_n);
  view.c_0 = lstm ? read(states.c_0) : nullptr;
  view.c_n = lstm ? write(result.c_n) : nullptr;
  run_stack(view);
  return result;
}

Result run_padded(const char* op, Cells cells, const Tensor& input, const Tensor& h_0, const Tensor* c_0,
                  const Tensor& packed, bool bidirectional, bool batch_first) {
  const StackSizes s = check_packed(op, packed, cells);
  check_directions(op, s, bidirectional);
  check_floats(op, "input", input, {-1, -1, s.input_size});
  const int64_t steps = input.size(batch_first ? 1 : 0);
  const int batch = check_batch(op, input.size(batch_first ? 0 : 1));
  if (steps == 0)
    fail(op, "expected a sequence of at least one step, got input of shape ", shape_text(input));
  const States states = check_states(op, s, batch, h_0, c_0);

  // Any strides will do, as long as the features of a step lie side by side.
  const Tensor x = input.stride(2) == 1 ? input : torch::stable::contiguous(input);
  const int64_t width = static_cast<int64_t>(s.num_directions) * s.output_size();
  const auto make_output = [&] {
    return batch_first ? empty_floats({batch, steps, width}) : empty_floats({steps, batch, width});
  };
  const Tensor output = make_output();
  Tensor between;
  StackView view = padded_view(s, packed, x, batch_first);
  view.output.data = write(output);
  if (needs_between(s)) {
    between = make_output();
    view.between.data = write(between);
  }
  return run(view, states, output, c_0 != nullptr);
}

// Checks batch_sizes and returns its first entry, the batch size.
int64_t check_batch_sizes(const char* op, const Tensor& batch_sizes, int64_t rows) {
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

Result run_packed_sequence(const char* op, Cells cells, const Tensor& data, const Tensor& batch_sizes,
                           const Tensor& h_0, const Tensor* c_0, const Tensor& packed, bool bidirectional) {
  const StackSizes s = check_packed(op, packed, cells);
  check_directions(op, s, bidirectional);
  check_floats(op, "data", data, {-1, s.input_size});
  const int batch = check_batch(op, check_batch_sizes(op, batch_sizes, data.size(0)));
  const States states = check_states(op, s, batch, h_0, c_0);

  const Tensor x = data.stride(1) == 1 ? data : torch::stable::contiguous(data);
  const int64_t width = static_cast<int64_t>(s.num_directions) * s.output_size();
  const Tensor output = empty_floats({data.size(0), width});
  Tensor between;
  StackView view = {};
  view.sizes = s;
  view.packed = static_cast<const uint8_t*>(packed.data_ptr());
  view.steps = {batch_sizes.numel(), batch, static_cast<const int64_t*>(batch_sizes.data_ptr())};
  view.total_rows = data.size(0);
  view.input = {read(x), 0, x.stride(0)};
  view.output = {write(output), 0, width};
  if (needs_between(s)) {
    between = empty_floats({data.size(0), width});
    view.between = {write(between), 0, width};
  }
  return run(view, states, output, c_0 != nullptr);
}

Result run_cell(const char* op, Cells cells, const Tensor& input, const Tensor& h_0, const Tensor* c_0,
                const Tensor& packed) {
  const StackSizes s = check_packed(op, packed, cells);
  if (s.num_layers != 1 || s.num_directions != 1) fail(op, "packed must hold one layer and one direction");
  check_floats(op, "input", input, {-1, s.input_size});
  const int batch = check_batch(op, input.size(0));
  const Tensor x = contiguous_floats(op, "input", input, {batch, s.input_size});
  const Tensor h = contiguous_floats(op, "h_0", h_0, {batch, s.output_size()});
  Tensor c;
  if (c_0 != nullptr) c = contiguous_floats(op, "c_0", *c_0, {batch, s.hidden_size});

  Result result;
  result.output = empty_floats({batch, s.output_size()});
  if (c_0 != nullptr) result.c_n = empty_floats({batch, s.hidden_size});
  StackView view = {};
  view.sizes = s;
  view.packed = static_cast<const uint8_t*>(packed.data_ptr());
  view.steps = {1, batch, nullptr};
  view.total_rows = batch;
  view.input = {read(x), 0, s.input_size};
  view.output = {write(result.output), 0, s.output_size()};
  view.h_0 = read(h);
  view.h_n = view.output.data;  // of a single step the output is the final state
  view.c_0 = c_0 != nullptr ? read(c) : nullptr;
  view.c_n = c_0 != nullptr ? write(result.c_n) : nullptr;
  run_stack(view);
  return result;
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                                        const Tensor& packed, bool bidirectional, bool batch_first) {
  const Result r = run_padded("lstm", kLstm, input, h_0, &c_0, packed, bidirectional, batch_first);
  return {r.output, r.h_n, r.c_n};
}

std::tuple<Tensor, Tensor> gru(const Tensor& input, const Tensor& h_0, const Tensor& packed,
                               bool bidirectional, bool batch_first) {
  const Result r = run_padded("gru", kGru, input, h_0, nullptr, packed, bidirectional, batch_first);
  return {r.output, r.h_n};
}

std::tuple<Tensor, Tensor> rnn(const Tensor& input, const Tensor& h_0, const Tensor& packed,
                               bool bidirectional, bool batch_first) {
  const Result r = run_padded("rnn", kRnn, input, h_0, nullptr, packed, bidirectional, batch_first);
  return {r.output, r.h_n};
}

std::tuple<Tensor, Tensor, Tensor> lstm_packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                                        const Tensor& h_0, const Tensor& c_0,
                                                        const Tensor& packed, bool bidirectional) {
  const Result r =
      run_packed_sequence("lstm_packed_sequence", kLstm, data, batch_sizes, h_0, &c_0, packed, bidirectional);
  return {r.output, r.h_n, r.c_n};
}

std::tuple<Tensor, Tensor> gru_packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                               const Tensor& h_0, const Tensor& packed, bool bidirectional) {
  const Result r = run_packed_sequence("gru_packed_sequence", kGru, data, batch_sizes, h_0, nullptr, packed,
                                       bidirectional);
  return {r.output, r.h_n};
}

std::tuple<Tensor, Tensor> rnn_packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                               const Tensor& h_0, const Tensor& packed, bool bidirectional) {
  const Result r = run_packed_sequence("rnn_packed_sequence", kRnn, data, batch_sizes, h_0, nullptr, packed,
                                       bidirectional);
  return {r.output, r.h_n};
}

std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                                     const Tensor& packed) {
  const Result r = run_cell("lstm_cell", kLstm, input, h_0, &c_0, packed);
  return {r.output, r.c_n};
}

Tensor gru_cell(const Tensor& input, const Tensor& h_0, const Tensor& packed) {
  return run_cell("gru_cell", kGru, input, h_0, nullptr, packed).output;
}

Tensor rnn_cell(const Tensor& input, const Tensor& h_0, const Tensor& packed) {
  return run_cell("rnn_cell", kRnn, input, h_0, nullptr, packed).output;
}

}  // namespace zoo
