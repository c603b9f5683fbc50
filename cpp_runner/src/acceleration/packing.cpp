#include "acceleration/packing.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "zoo/options.h"
#include "zoo_ops.h"

namespace zoo {
namespace {

c10::IValue call_operator(const std::string& name, torch::jit::Stack stack) {
  const std::string qualified = zoo_ops_namespace() + ("::" + name);
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(qualified.c_str(), "");
  op.callBoxed(&stack);
  return stack.back();
}

// Which weights these are: sub-modules and branches that share weights share the memory they lie in. What was
// dequantized lies in new memory each time, so there its values count.
bool same_weights(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b, bool by_value) {
  return std::ranges::equal(a, b, [by_value](const at::Tensor& x, const at::Tensor& y) {
    if (x.data_ptr() == y.data_ptr() && x.sizes() == y.sizes() && x.strides() == y.strides()) return true;
    return by_value && x.sizes() == y.sizes() && x.equal(y);
  });
}

}  // namespace

std::string engine_isa() { return call_operator("isa", {}).toStringRef(); }

at::Tensor Packer::pack(const RecurrentWeights& weights, Precision precision) {
  const std::string wanted(precision_name(precision));
  for (Entry& entry : entries_) {
    if (entry.stack.cell == weights.cell && entry.stack.precision == wanted &&
        same_weights(entry.tensors, weights.tensors, weights.origin != "float32")) {
      ++entry.stack.calls;
      return entry.packed;
    }
  }
  torch::jit::Stack stack{weights.tensors, weights.has_biases, weights.num_layers, weights.bidirectional,
                          wanted};
  const bool rnn = weights.cell.starts_with("rnn_");
  if (rnn) stack.emplace_back(weights.cell.substr(4));
  Entry entry;
  try {
    entry.packed = call_operator("pack_" + (rnn ? "rnn" : weights.cell), std::move(stack)).toTensor();
  } catch (const c10::Error& error) {
    throw Unmatched(essential_line(error.what_without_backtrace()));
  }
  const auto sizes = call_operator("packed_sizes", {entry.packed}).toIntVector();
  entry.tensors = weights.tensors;
  entry.stack = {weights.cell, wanted, weights.origin, sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], 1};
  entries_.push_back(std::move(entry));
  return entries_.back().packed;
}

std::vector<FusedStack> Packer::stacks() const {
  std::vector<FusedStack> stacks;
  for (const Entry& entry : entries_) stacks.push_back(entry.stack);
  return stacks;
}

}  // namespace zoo
