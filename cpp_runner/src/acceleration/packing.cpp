#include "acceleration/packing.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "zoo/options.h"
#include "zoo_ops.h"

namespace zoo {
namespace {

// Modules and branches that share weights share their memory. Dequantized weights lie in new memory each
// time, so they are compared by value. The same tensors may be two layers, or two directions of one.
bool same_weights(const RecurrentWeights& a, const RecurrentWeights& b) {
  const bool same_form = a.cell == b.cell && a.origin == b.origin && a.has_biases == b.has_biases &&
                         a.num_layers == b.num_layers && a.bidirectional == b.bidirectional;
  const bool by_value = b.origin != "float32";
  return same_form && std::ranges::equal(a.tensors, b.tensors, [&](const at::Tensor& x, const at::Tensor& y) {
           if (x.data_ptr() == y.data_ptr() && x.sizes() == y.sizes() && x.strides() == y.strides())
             return true;
           return by_value && x.sizes() == y.sizes() && x.equal(y);
         });
}

// What packed weights say of themselves; `calls` is 1.
FusedStack describe(const at::Tensor& packed, std::string origin) {
  const auto sizes = call_engine("packed_sizes", {packed}).toIntVector();
  const engine::CellSpec& cell = engine::kCells[static_cast<std::size_t>(sizes[0])];
  return {std::string(cell.name),
          static_cast<Precision>(sizes[1]),
          std::move(origin),
          sizes[2],
          sizes[3],
          sizes[4],
          sizes[5],
          sizes[6],
          1};
}

}  // namespace

c10::IValue call_engine(const std::string& name, torch::jit::Stack arguments) {
  const std::string qualified = zoo_ops_namespace() + ("::" + name);
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(qualified.c_str(), "");
  op.callBoxed(&arguments);
  return arguments.back();
}

c10::Symbol sliding_operator() { return c10::Symbol::fromQualString("zoo::slide"); }

FusedOperator describe_sliding(const at::Tensor& packed) {
  const auto sizes = call_engine("sliding_sizes", {packed}).toIntVector();
  return {sizes[0] == 0 ? "log_bands" : "convolution", sizes[1], sizes[2], sizes[3], sizes[4], 1};
}

std::string engine_isa() { return call_engine("isa", {}).toStringRef(); }

at::Tensor Packer::pack(const RecurrentWeights& weights, Precision precision) {
  const engine::CellSpec& cell = engine::spec(weights.cell);
  for (Entry& entry : entries_) {
    if (entry.stack.precision == precision && same_weights(entry.weights, weights)) {
      ++entry.stack.calls;
      return entry.packed;
    }
  }
  torch::jit::Stack stack{weights.tensors, weights.has_biases, weights.num_layers, weights.bidirectional,
                          std::string(precision_name(precision))};
  if (!cell.nonlinearity.empty()) stack.emplace_back(std::string(cell.nonlinearity));
  Entry entry;
  try {
    entry.packed = call_engine("pack_" + std::string(cell.op), std::move(stack)).toTensor();
    entry.stack = describe(entry.packed, weights.origin);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const c10::Error& error) {
    throw Unmatched(essential_line(error.what_without_backtrace()));
  } catch (const std::exception& error) {  // the engine's own checks
    throw Unmatched(essential_line(error.what()));
  }
  entry.weights = weights;
  entries_.push_back(std::move(entry));
  return entries_.back().packed;
}

void Packer::count_stored(const at::Tensor& packed) {
  for (Entry& entry : entries_) {
    if (entry.packed.data_ptr() != packed.data_ptr()) continue;
    ++entry.stack.calls;
    return;
  }
  Entry entry;
  entry.packed = packed;
  entry.stack = describe(packed, "packed");
  entries_.push_back(std::move(entry));
}

std::vector<FusedStack> Packer::stacks() const {
  std::vector<FusedStack> stacks;
  for (const Entry& entry : entries_) stacks.push_back(entry.stack);
  return stacks;
}

}  // namespace zoo
