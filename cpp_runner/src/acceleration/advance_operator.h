// The engine's operator for a stream: a stack of one direction, of any cell, that writes the next state over
// the state,
//   zoo::advance(Tensor input, Tensor(a!) h, Tensor(b!)? c, Tensor packed, bool batch_first) -> Tensor.
// It does not use torch's stable ABI, unlike the operators of libzoo_ops, because what that does for each
// tensor takes longer than some steps.
#pragma once

#include <ATen/core/interned_strings.h>

namespace zoo {

// Returns its name. The first call registers it.
c10::Symbol advance_operator();

}  // namespace zoo
