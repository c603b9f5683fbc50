#include "operators/linear.h"

#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstring>

#include "engine/linear.h"
#include "operators/checks.h"
#include "operators/run_stack.h"

namespace zoo::engine {
namespace {

// With fewer multiply-adds than this for each thread, a second thread costs more than it brings.
constexpr double kWorkOfThread = 400e3;
// Rows whose quantized form stays in the first-level cache with a strip of weights.
constexpr int64_t kMostRows = 64;

LinearSizes check_packed_linear(const OperatorName& op, const Tensor& packed) {
  LinearSizes sizes;
  const char* wrong = read_linear_header(static_cast<const uint8_t*>(check_bytes(op, packed).data_ptr()),
                                         static_cast<size_t>(packed.numel()), &sizes);
  if (wrong != nullptr) fail(op, "packed is ", wrong, "; pack the weights again");
  return sizes;
}

// The product for some rows, (rows, padded_out), divided by outputs over threads.
void run_rows(const KernelTable& kernels, const LinearSizes& s, const uint8_t* packed, const float* x,
              int rows, Row* presented, uint8_t* row_bytes, float* out) {
  present_rows(kernels, s, packed, x, rows, presented, row_bytes);
  const int blocks = s.place().blocks();
  const double work = static_cast<double>(rows) * s.in_features * s.out_features;
  const int64_t threads = std::clamp<int64_t>(static_cast<int64_t>(std::min(work / kWorkOfThread, 64.0)), 1,
                                              std::min<int64_t>(torch::stable::get_num_threads(), blocks));
  const auto run = [&](int64_t first, int64_t last) {
    run_linear(kernels, s, packed, {static_cast<int>(first), static_cast<int>(last)}, presented, rows, out);
  };
  if (threads == 1) {
    run(0, blocks);
  } else {
    torch::stable::parallel_for(0, blocks, divide_up(blocks, threads), run);
  }
}

}  // namespace

Tensor pack_linear_operator(const Tensor& weight, const std::optional<Tensor>& bias,
                            const std::string& precision) {
  const OperatorName op("pack_", "linear", "");
  const Tensor w = contiguous_floats(op, "weight", weight, {-1, -1});
  const int64_t out = w.size(0), in = w.size(1);
  if (in < 1 || out < 1 || in > kLargestSize || out > kMostOutputs) {
    fail(op, "expected between 1 and ", kLargestSize, " inputs and at most ", kMostOutputs,
         " outputs, got weight of shape ", shape_text(w));
  }
  Tensor b;
  if (bias) b = contiguous_floats(op, "bias", *bias, {out});
  const LinearSizes s = {find_precision(op, precision), static_cast<int>(in), static_cast<int>(out)};
  const Tensor packed = empty_bytes(static_cast<int64_t>(packed_linear_bytes(s)));
  pack_linear(s, read(w), bias ? read(b) : nullptr, static_cast<uint8_t*>(packed.data_ptr()));
  return packed;
}

Tensor linear_operator(const Tensor& input, const Tensor& packed) {
  const OperatorName op("linear");
  const LinearSizes s = check_packed_linear(op, packed);
  const int64_t dims = input.dim();
  if (dims == 0 || input.size(dims - 1) != s.in_features) {
    fail(op, "expected input of shape (..., ", s.in_features, "), got ", shape_text(input));
  }
  check_floats(op, "input", input);
  const Tensor x = input.is_contiguous() ? input : torch::stable::contiguous(input);
  std::vector<int64_t> shape;
  for (int64_t i = 0; i + 1 < dims; ++i) shape.push_back(input.size(i));
  shape.push_back(s.out_features);
  const Tensor output = empty_floats(std::span<const int64_t>(shape));
  const int64_t rows = x.numel() / s.in_features, most = std::min(rows, kMostRows), padded = s.padded_out();
  const KernelTable& kernels = kernels_in_use();
  const bool direct = padded == s.out_features;
  const Tensor presented = empty_bytes(most * static_cast<int64_t>(sizeof(Row)));
  const Tensor row_bytes = empty_bytes(s.precision == Precision::int8 ? most * s.row_bytes() : 0);
  const Tensor padded_rows = empty_floats({direct ? 0 : most, padded});
  for (int64_t first = 0; first < rows; first += most) {
    const auto count = static_cast<int>(std::min(most, rows - first));
    float* to = write(output) + first * s.out_features;
    float* out = direct ? to : write(padded_rows);
    run_rows(kernels, s, static_cast<const uint8_t*>(packed.data_ptr()), read(x) + first * s.in_features,
             count, static_cast<Row*>(presented.data_ptr()), static_cast<uint8_t*>(row_bytes.data_ptr()),
             out);
    for (int r = 0; !direct && r < count; ++r) {
      std::memcpy(to + static_cast<int64_t>(r) * s.out_features, out + r * padded,
                  sizeof(float) * static_cast<size_t>(s.out_features));
    }
  }
  return output;
}

Tensor fix_linear_range_operator(const Tensor& packed, const Tensor& range) {
  const OperatorName op("fix_linear_range");
  if (check_packed_linear(op, packed).precision != Precision::int8)
    fail(op, "expected packed weights in int8");
  const Tensor numbers = check_ranges(op, range, {2});
  const Tensor fixed = empty_bytes(packed.numel());
  std::memcpy(fixed.data_ptr(), packed.data_ptr(), static_cast<size_t>(packed.numel()));
  fix_linear_range(read(numbers), static_cast<uint8_t*>(fixed.data_ptr()));
  return fixed;
}

std::vector<Tensor> unpack_linear_operator(const Tensor& packed) {
  const LinearSizes s = check_packed_linear("unpack_linear", packed);
  const Tensor weight = empty_floats({s.out_features, s.in_features}), bias = empty_floats({s.out_features});
  unpack_linear(s, static_cast<const uint8_t*>(packed.data_ptr()), write(weight), write(bias));
  return {weight, bias};
}

}  // namespace zoo::engine
