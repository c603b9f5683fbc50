// The engine's operators for a stream. For a stack of one direction, of any cell, that writes the next state
// over the state,
//   zoo::advance(Tensor input, Tensor(a!) h, Tensor(b!)? c, Tensor packed, bool batch_first) -> Tensor,
// and for a sliding operator, whose tail lies in (row_axis, step_axis, features) or in (row_axis, step_axis),
//   zoo::advance_sliding(Tensor input, Tensor(a!) tail, Tensor packed, int row_axis, int step_axis, int size,
//     int step, int channels, int outputs) -> Tensor.
// They do not use torch's stable ABI, unlike the operators of libzoo_ops, because what that does for each
// tensor takes longer than some steps.
#pragma once

#include <ATen/core/interned_strings.h>

namespace zoo {

// Return the names. The first call registers the operator.
c10::Symbol advance_operator();
c10::Symbol advance_sliding_operator();

}  // namespace zoo
