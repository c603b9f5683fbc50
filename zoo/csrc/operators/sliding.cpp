#include "operators/sliding.h"

#include <torch/csrc/stable/ops.h>

#include "engine/convolution.h"
#include "engine/log_bands.h"
#include "operators/checks.h"
#include "operators/run_sliding.h"

namespace zoo::engine {
namespace {

Tensor contiguous_doubles(const OperatorName& op, const char* name, const Tensor& tensor, int64_t dims) {
  if (!tensor.is_cpu() || tensor.scalar_type() != torch::headeronly::ScalarType::Double) {
    fail(op, name, " must be float64 on the CPU; convert it with .double().cpu()");
  }
  if (tensor.dim() != dims) fail(op, name, " must have ", dims, " dimensions, got ", shape_text(tensor));
  return tensor.is_contiguous() ? tensor : torch::stable::contiguous(tensor);
}

const double* read_doubles(const Tensor& tensor) { return static_cast<const double*>(tensor.data_ptr()); }
uint8_t* bytes_of(const Tensor& tensor) { return static_cast<uint8_t*>(tensor.data_ptr()); }

void check_between(const OperatorName& op, const char* name, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high)
    fail(op, "expected ", name, " between ", low, " and ", high, ", got ", value);
}

SlidingSizes check_packed_sliding(const OperatorName& op, const Tensor& packed) {
  SlidingSizes sizes;
  const char* wrong =
      read_sliding_header(bytes_of(check_bytes(op, packed)), static_cast<size_t>(packed.numel()), &sizes);
  if (wrong != nullptr) fail(op, "packed is ", wrong, "; pack the weights again");
  return sizes;
}

}  // namespace

Tensor pack_log_bands_operator(const Tensor& window, const Tensor& filters, int64_t step, double floor,
                               const std::optional<Tensor>& mean, const std::optional<Tensor>& std) {
  const OperatorName op("pack_log_bands");
  const Tensor w = contiguous_doubles(op, "window", window, 1);
  const Tensor f = contiguous_doubles(op, "filters", filters, 2);
  const int64_t size = w.size(0), bands = f.size(1);
  check_between(op, "samples of a window", size, 2, kLargestWindow);
  if (size % 2 != 0) fail(op, "expected an even number of samples in a window, got ", size);
  if (f.size(0) != size / 2 + 1)
    fail(op, "expected filters of shape (", size / 2 + 1, ", any), got ", shape_text(f));
  check_between(op, "bands", bands, 1, kMostSlidingOutputs);
  check_between(op, "step", step, 1, kLargestWindow);
  if (mean.has_value() != std.has_value()) fail(op, "expected mean and std, or neither");
  SlidingSizes s;
  s.kind = SlidingKind::log_bands;
  s.size = static_cast<int>(size);
  s.step = static_cast<int>(step);
  s.outputs = static_cast<int>(bands);
  s.floor = floor;
  LogBandsWeights weights = {read_doubles(w), read_doubles(f), nullptr, nullptr};
  Tensor means, deviations;
  if (mean) {
    s.standardised = true;
    means = contiguous_floats(op, "mean", *mean, {bands});
    deviations = contiguous_floats(op, "std", *std, {bands});
    weights.mean = read(means);
    weights.std = read(deviations);
  }
  const int64_t filter_weights = count_filter_weights(s.size, s.outputs, weights.filters);
  check_between(op, "weights of all filters", filter_weights, 0, kLargestWindow);
  s.filter_weights = static_cast<int>(filter_weights);
  const Tensor packed = empty_bytes(static_cast<int64_t>(kSlidingHeaderBytes + log_bands_bytes(s)));
  pack_log_bands(s, weights, bytes_of(packed));
  return packed;
}

Tensor pack_convolution_operator(const Tensor& weight, const std::optional<Tensor>& bias, int64_t step,
                                 bool relu) {
  const OperatorName op("pack_convolution");
  const Tensor w = contiguous_doubles(op, "weight", weight, 3);
  check_between(op, "outputs", w.size(0), 1, kMostSlidingOutputs);
  check_between(op, "channels times taps", w.size(1) * w.size(2), 1, kLargestWindow);
  check_between(op, "step", step, 1, kLargestWindow / w.size(1));
  Tensor b;
  if (bias) {
    b = contiguous_doubles(op, "bias", *bias, 1);
    if (b.size(0) != w.size(0)) fail(op, "expected ", w.size(0), " biases, got ", b.size(0));
  }
  SlidingSizes s;
  s.kind = SlidingKind::convolution;
  s.channels = static_cast<int>(w.size(1));
  s.size = static_cast<int>(w.size(1) * w.size(2));
  s.step = static_cast<int>(step) * s.channels;
  s.outputs = static_cast<int>(w.size(0));
  s.relu = relu;
  const Tensor packed = empty_bytes(static_cast<int64_t>(kSlidingHeaderBytes + convolution_bytes(s)));
  pack_convolution(s, read_doubles(w), bias ? read_doubles(b) : nullptr, bytes_of(packed));
  return packed;
}

Tensor slide(const Tensor& input, const Tensor& packed) {
  const OperatorName op("slide");
  const SlidingSizes s = check_packed_sliding(op, packed);
  const bool frames = s.kind == SlidingKind::log_bands;
  const Tensor x = frames ? contiguous_floats(op, "input", input, {-1, -1})
                          : contiguous_floats(op, "input", input, {-1, -1, s.channels});
  const int64_t rows = x.size(0), floats = x.size(1) * s.channels, steps = s.steps(floats);
  if (steps == 0)
    fail(op, "expected at least ", s.size / s.channels, " steps of input, got input of shape ",
         shape_text(x));
  const Tensor output = empty_floats({rows, steps, s.outputs});
  if (rows > 0) run_sliding_rows(s, bytes_of(packed), read(x), rows, floats, write(output));
  return output;
}

std::vector<int64_t> sliding_sizes(const Tensor& packed) {
  const SlidingSizes s = check_packed_sliding("sliding_sizes", packed);
  return {static_cast<int64_t>(s.kind), s.size / s.channels, s.step / s.channels, s.channels, s.outputs};
}

}  // namespace zoo::engine
