// Follows views of a tensor that reorder its axes: transpose, select, squeeze, unsqueeze, slice and
// contiguous.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace zoo {

// Which axis of the source each axis of a view is.
struct AxisView {
  static constexpr std::int64_t kUnit = -1;  // an axis of size 1 that the source does not have
  std::vector<std::int64_t> axes;
  bool last_steps = false;  // only the last `kept` of axis 1 are there
};

// What is known of a source.
struct ViewSource {
  const torch::jit::Value* value;
  std::vector<bool> is_one;  // axes whose size is 1; as many as the source has axes
  std::int64_t kept = 0;     // how many of axis 1 a slice may leave; 0: none may
};

// The view of the source that `value` is; none if it is something else.
std::optional<AxisView> find_view(const torch::jit::Value& value, const ViewSource& source);

}  // namespace zoo
