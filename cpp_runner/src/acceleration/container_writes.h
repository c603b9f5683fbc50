// Finds writes into tensors that an attribute holds in a list, dict or tuple.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace zoo {

// Whether the graph, without its forks, writes in place into such a tensor, or into a view of it. LibTorch's
// alias analysis takes all tensors in containers for one, the weights of its own layers included, so this
// follows the values themselves.
bool writes_inside_containers(torch::jit::Graph& graph);

}  // namespace zoo
