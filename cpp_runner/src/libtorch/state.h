// What a State holds. This header includes LibTorch.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "zoo/state.h"

namespace zoo {

struct State::Impl {
  std::vector<at::Tensor> tensors;
  // Whether the tensors are contiguous and only this state refers to them: then they may be written to.
  bool own = false;

  // Makes them so. A model may give the same tensor twice, or one that it keeps.
  void make_own();
};

}  // namespace zoo
