#pragma once

// What the kernels see: raw pointers and sizes, the same for every instruction set.

#include <cstdint>
#include <iterator>
#include <string_view>

#include "kernels/sliding_views.h"
#include "zoo_cells.h"

namespace zoo::engine {

// Units are handled in blocks of 16; within a block, all gates of one column lie side by side.
inline constexpr int kBlockUnits = 16;
// Each gate of a block takes 64 bytes per group of columns: 16 units x (1 float | a pair of 16 bits each |
// 4 int8). The first of a pair is a bfloat16 in the lower half of a word. The second is the whole word, read
// as a float: 8 bits of mantissa of its own, and below them the first, which costs it no accuracy
// (pack_layer.cpp).
inline constexpr int kGroupBytes = 64;

// Packed weights hold these numbers.
enum class Precision : int32_t { fp32, bf16, int8 };
inline constexpr std::string_view kPrecisionNames[] = {"fp32", "bf16", "int8"};  // indexed by Precision

constexpr int columns_per_group(Precision precision) {
  return precision == Precision::fp32 ? 1 : precision == Precision::bf16 ? 2 : 4;
}
constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// A weight matrix, (gates x units) x columns, packed: [block][group][gate][16 units][columns of the group].
struct MatrixView {
  const uint8_t* weights;
  const float* bias;    // [block][gate][16]
  const float* scales;  // [block][gate][16], int8 only: weight = scale * quantized weight
  const int32_t* sums;  // [block][gate][16], int8 only: sum of the quantized weights of a row
  int columns;
  int groups;
  // The smallest and largest activation where these are fixed; null where each row has its own range.
  const float* range = nullptr;
};

// One row of activations that a packed matrix multiplies: floats, or bytes for an int8 matrix, where
// activation = scale * (byte - zero).
struct Row {
  const void* data;
  float scale;
  int32_t zero;
};

// A range of blocks [first, last) of a layer's units.
struct BlockRange {
  int first;
  int last;
};

// What one step of one layer and direction reads and writes. Arrays are padded to whole blocks.
struct StepView {
  MatrixView recurrent;
  BlockRange blocks;
  // Every other step goes through the units in descending order, so that the weights that were used last,
  // which are still in the cache, come first.
  bool descending;
  int rows;
  const Row* h;        // rows of the previous hidden state, as the recurrent matrix wants them
  const float* input;  // input part of the gates, [row][block of the range][gate][16]
  int64_t input_stride;
  const float* h_previous;  // (rows, units); for equations that read h besides its product with the matrix
  float* h_next;            // (rows, units)
  int64_t h_stride;
  float* c;  // (rows, units), only for cells that have one; updated in place
  int64_t c_stride;
};

// Matrix times rows plus bias: out[row][block of the range][gate][16].
struct ProjectView {
  MatrixView matrix;
  BlockRange blocks;
  int rows;
  const Row* x;
  float* out;
  int64_t out_stride;
};

// The kernels of one precision. No kernel allocates or throws.
struct PrecisionKernels {
  void (*project)(int gates, const ProjectView& view) noexcept;
  void (*step)(Cell cell, const StepView& view) noexcept;
};

// The kernels of one instruction set.
struct KernelTable {
  PrecisionKernels precision[std::size(kPrecisionNames)];  // indexed by Precision
  // Writes one row as `columns` bytes, followed by zero bytes up to a multiple of 4. `range` as in
  // MatrixView.
  void (*quantize_row)(const float* x, int columns, const float* range, uint8_t* out, Row* row) noexcept;
  void (*sigmoid)(const float* x, float* out, int64_t count) noexcept;
  void (*tanh)(const float* x, float* out, int64_t count) noexcept;
  void (*refined_tanh)(const float* x, float* out, int64_t count) noexcept;
  // The features of one frame, (bands). `work` has log_bands_work(view.size) numbers.
  void (*log_bands)(const LogBandsView& view, const float* frame, float* out, double* work) noexcept;
  // The windows of `count` steps, the first at x; out (count, outputs).
  void (*convolve)(const ConvolutionView& view, const double* x, int count, float* out) noexcept;
};

}  // namespace zoo::engine
