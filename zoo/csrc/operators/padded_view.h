#pragma once

#include "operators/checks.h"

namespace zoo::engine {

// The view of a padded batch, input (seq_len, batch, input_size) or with batch_first (batch, seq_len,
// input_size), whose features lie side by side, and of a contiguous output. Where the output lies is still to
// be filled in.
inline StackView padded_view(const StackSizes& s, const Tensor& packed, const Tensor& input,
                             bool batch_first) {
  const int64_t time = batch_first ? 1 : 0, row = 1 - time;
  const int64_t steps = input.size(time), batch = input.size(row), width = s.output_width();
  return make_view(s, static_cast<const uint8_t*>(packed.data_ptr()),
                   {steps, static_cast<int>(batch), nullptr}, steps * batch,
                   {read(input), input.stride(time), input.stride(row)},
                   {nullptr, batch_first ? width : batch * width, batch_first ? steps * width : width});
}

}  // namespace zoo::engine
