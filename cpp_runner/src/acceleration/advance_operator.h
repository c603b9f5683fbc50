// The engine's operator for a stream: zoo::lstm, zoo::gru and zoo::rnn of one direction that write the next
// state where the state was,
//   zoo_stream::advance(Tensor input, Tensor(a!) h, Tensor(b!)? c, Tensor packed, bool batch_first) ->
//   Tensor.
// It is LibTorch's own kind of operator, not one of libzoo_ops': what the stable ABI does for each tensor is
// longer than some steps.
#pragma once

#include <ATen/core/interned_strings.h>

namespace zoo {

// Its name; it is known to LibTorch from the first call on.
c10::Symbol advance_operator();

}  // namespace zoo
