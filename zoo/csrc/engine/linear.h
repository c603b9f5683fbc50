#pragma once

// A linear layer with packed weights: header (64 bytes) | matrix of one gate (packed_matrix.h).

#include <cstddef>
#include <cstdint>

#include "engine/packed_matrix.h"

namespace zoo::engine {

// A vocabulary may be larger than a layer.
inline constexpr int64_t kMostOutputs = 1 << 24;

struct LinearSizes {
  Precision precision = Precision::fp32;
  int in_features = 1;
  int out_features = 1;
  bool fixed_range = false;  // int8 only: activations have a range that the header holds

  MatrixPlace place() const { return {precision, 1, out_features, in_features}; }
  int padded_out() const { return static_cast<int>(round_up(out_features, kBlockUnits)); }
  int64_t row_bytes() const { return round_up(in_features, 4); }  // of a row for int8
};

size_t packed_linear_bytes(const LinearSizes& sizes);

// weight (out_features, in_features); bias (out_features), or null.
void pack_linear(const LinearSizes& sizes, const float* weight, const float* bias, uint8_t* packed);
// Gives the activations a fixed range, {smallest, largest}.
void fix_linear_range(const float* range, uint8_t* packed);
void unpack_linear(const LinearSizes& sizes, const uint8_t* packed, float* weight, float* bias);

// Reads the header. Returns null, or what is wrong with the bytes.
const char* read_linear_header(const uint8_t* packed, size_t bytes, LinearSizes* sizes);

// Gives the matrix rows of floats, (rows, in_features), in the form that its precision takes. `row_bytes` has
// rows * sizes.row_bytes() bytes, and is not used by other precisions than int8.
void present_rows(const KernelTable& kernels, const LinearSizes& sizes, const uint8_t* packed, const float* x,
                  int rows, Row* out, uint8_t* row_bytes) noexcept;

// out (rows, padded_out): the product and the bias for a range of blocks of outputs. A row's result depends
// neither on the rows beside it nor on the range.
void run_linear(const KernelTable& kernels, const LinearSizes& sizes, const uint8_t* packed,
                BlockRange blocks, const Row* x, int rows, float* out) noexcept;

}  // namespace zoo::engine
