#pragma once

// Packed weights: one block of bytes that holds all layers and directions of a recurrent stack, laid out for
// the kernels. The layout is the same for every instruction set, so packed weights can be saved and used
// elsewhere.
//
//   header (64 bytes) | layer 0 | layer 0 reverse | layer 1 | ... | ranges
//   a layer and direction: input matrix, recurrent matrix, projection matrix (only with proj_size)
//   a matrix: weights, bias, and for int8 scales and sums (kernels/views.h)
//   ranges, only where the ranges of activations are fixed: smallest and largest input, hidden state and
//   unprojected hidden state of each layer and direction, as floats

#include <cstddef>
#include <cstdint>

#include "engine/packed_matrix.h"

namespace zoo::engine {

struct StackSizes {
  Cell cell = Cell::lstm;
  Precision precision = Precision::fp32;
  int num_layers = 1;
  int num_directions = 1;
  int input_size = 1;
  int hidden_size = 1;
  int proj_size = 0;          // 0: no projection
  bool fixed_ranges = false;  // int8 only

  int gates() const { return spec(cell).num_gates; }
  bool has_c() const { return spec(cell).has_c; }
  int output_size() const { return proj_size > 0 ? proj_size : hidden_size; }
  int output_width() const { return num_directions * output_size(); }
  int ranges() const { return fixed_ranges ? state_rows() * 3 * 2 : 0; }  // numbers
  int state_rows() const { return num_layers * num_directions; }
  int layer_input_size(int layer) const { return layer == 0 ? input_size : output_width(); }
  int hidden_blocks() const { return static_cast<int>(divide_up(hidden_size, kBlockUnits)); }
  int output_blocks() const { return static_cast<int>(divide_up(output_size(), kBlockUnits)); }
};

// The three matrices of one layer and direction.
struct LayerView {
  MatrixView input;
  MatrixView recurrent;
  MatrixView projection;
};

// Float weights of one layer and direction in PyTorch's layout; null if the layer does not have them.
struct LayerWeights {
  const float* weight_ih;  // (gates * hidden_size, layer_input_size)
  const float* weight_hh;  // (gates * hidden_size, output_size)
  const float* bias_ih;    // (gates * hidden_size)
  const float* bias_hh;    // (gates * hidden_size)
  const float* weight_hr;  // (proj_size, hidden_size)
};

// The same weights as results.
struct LayerWeightsOut {
  float* weight_ih;
  float* weight_hh;
  float* bias_ih;  // where the two biases were packed as one sum, the sum
  float* bias_hh;  // zero there
  float* weight_hr;
};

size_t packed_bytes(const StackSizes& sizes);

// Writes the header; pack_layer() then writes each layer.
void write_header(const StackSizes& sizes, uint8_t* packed);
// Writes a copy of packed weights, `from`, in which the ranges of activations are fixed. `sizes` has them.
void fix_ranges(const StackSizes& sizes, const uint8_t* from, const float* ranges, uint8_t* packed);
void pack_layer(const StackSizes& sizes, int layer, int direction, const LayerWeights& weights,
                uint8_t* packed);
void unpack_layer(const StackSizes& sizes, int layer, int direction, const uint8_t* packed,
                  const LayerWeightsOut& weights);

// Reads the header. Returns null, or what is wrong with the bytes.
const char* read_header(const uint8_t* packed, size_t bytes, StackSizes* sizes);
LayerView layer_view(const StackSizes& sizes, int layer, int direction, const uint8_t* packed);

}  // namespace zoo::engine
