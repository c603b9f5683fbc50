#include "operators/bind.h"

#include <torch/csrc/stable/ops.h>

#include <cstring>

#include "engine/stack.h"
#include "operators/checks.h"
#include "operators/padded_view.h"

namespace zoo::engine {
namespace {

constexpr const char* kOp = "bind";
constexpr size_t kViewBytes = (sizeof(StackView) + 63) / 64 * 64;  // the layer buffer follows

void check_in_place(const char* name, const Tensor& tensor, std::initializer_list<int64_t> dims) {
  check_floats(kOp, name, tensor, dims);
  if (!tensor.is_contiguous()) fail(kOp, name, " must be contiguous; make it so with .contiguous()");
}

}  // namespace

Tensor bind(const Tensor& input, const std::vector<Tensor>& states, const Tensor& packed, bool batch_first,
            const std::vector<Tensor>& results) {
  const StackSizes s = check_packed(kOp, packed);
  const size_t num_states = s.has_c() ? 2 : 1;
  if (states.size() != num_states || results.size() != num_states + 1) {
    fail(kOp, "expected ", num_states, " state(s) and ", num_states + 1, " results, got ", states.size(),
         " and ", results.size());
  }
  check_floats(kOp, "input", input, {-1, -1, s.input_size});
  if (input.stride(2) != 1) fail(kOp, "the features of a step must lie side by side; use input.contiguous()");
  const int64_t steps = input.size(batch_first ? 1 : 0);
  const int batch = check_batch(kOp, input.size(batch_first ? 0 : 1));
  if (steps == 0)
    fail(kOp, "expected a sequence of at least one step, got input of shape ", shape_text(input));

  StackView view = padded_view(s, packed, input, batch_first);
  check_in_place("output", results[0], {input.size(0), input.size(1), s.output_width()});
  check_in_place("h_0", states[0], {s.state_rows(), batch, s.output_size()});
  check_in_place("h_n", results[1], {s.state_rows(), batch, s.output_size()});
  view.output.data = write(results[0]);
  view.h_0 = read(states[0]);
  view.h_n = write(results[1]);
  if (s.has_c()) {
    check_in_place("c_0", states[1], {s.state_rows(), batch, s.hidden_size});
    check_in_place("c_n", results[2], {s.state_rows(), batch, s.hidden_size});
    view.c_0 = read(states[1]);
    view.c_n = write(results[2]);
  }
  const int64_t between = needs_between(s) ? steps * batch * s.output_width() : 0;
  const Tensor call = empty_bytes(static_cast<int64_t>(kViewBytes) + between * 4);
  auto* bytes = static_cast<uint8_t*>(call.data_ptr());
  view.between.data = reinterpret_cast<float*>(bytes + kViewBytes);
  std::memcpy(bytes, &view, sizeof(view));
  return call;
}

}  // namespace zoo::engine
