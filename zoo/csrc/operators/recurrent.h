#pragma once

// The operators that run packed weights. One call runs all layers and directions of a stack.
// Shapes: input (seq_len, batch, input_size), or (batch, seq_len, input_size) with batch_first; h_0 and h_n
// (num_layers * num_directions, batch, output_size); c_0 and c_n the same with hidden_size. output_size is
// proj_size, or hidden_size without a projection. Packed sequence: data (sum of batch_sizes, input_size),
// batch_sizes (seq_len) int64 on the CPU, never increasing. One step of one layer: input (batch, input_size),
// h_0 (batch, output_size), c_0 (batch, hidden_size).

#include <torch/csrc/stable/tensor.h>

#include <string_view>
#include <tuple>

#include "zoo_cells.h"

namespace zoo::engine {

using torch::stable::Tensor;

struct Result {
  Tensor output, h_n, c_n;  // c_n is undefined unless the cell has a c
};

// `op` is the operator's name in the table of cells. c_0 is null unless the cell has a c.
Result run_padded(std::string_view op, const Tensor& input, const Tensor& h_0, const Tensor* c_0,
                  const Tensor& packed, bool bidirectional, bool batch_first);
Result run_packed_sequence(std::string_view op, const Tensor& data, const Tensor& batch_sizes,
                           const Tensor& h_0, const Tensor* c_0, const Tensor& packed, bool bidirectional);
Result run_cell(std::string_view op, const Tensor& input, const Tensor& h_0, const Tensor* c_0,
                const Tensor& packed);

// The operators in the form that torch registers, for a cell without a c ...
template <Cell CELL>
struct Recurrent {
  static constexpr std::string_view kOp = spec(CELL).op;

  static std::tuple<Tensor, Tensor> padded(const Tensor& input, const Tensor& h_0, const Tensor& packed,
                                           bool bidirectional, bool batch_first) {
    const Result r = run_padded(kOp, input, h_0, nullptr, packed, bidirectional, batch_first);
    return {r.output, r.h_n};
  }
  static std::tuple<Tensor, Tensor> packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                                    const Tensor& h_0, const Tensor& packed,
                                                    bool bidirectional) {
    const Result r = run_packed_sequence(kOp, data, batch_sizes, h_0, nullptr, packed, bidirectional);
    return {r.output, r.h_n};
  }
  static Tensor cell(const Tensor& input, const Tensor& h_0, const Tensor& packed) {
    return run_cell(kOp, input, h_0, nullptr, packed).output;
  }
};

// ... and for a cell with a c.
template <Cell CELL>
  requires(spec(CELL).has_c)
struct Recurrent<CELL> {
  static constexpr std::string_view kOp = spec(CELL).op;

  static std::tuple<Tensor, Tensor, Tensor> padded(const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                                                   const Tensor& packed, bool bidirectional,
                                                   bool batch_first) {
    const Result r = run_padded(kOp, input, h_0, &c_0, packed, bidirectional, batch_first);
    return {r.output, r.h_n, r.c_n};
  }
  static std::tuple<Tensor, Tensor, Tensor> packed_sequence(const Tensor& data, const Tensor& batch_sizes,
                                                            const Tensor& h_0, const Tensor& c_0,
                                                            const Tensor& packed, bool bidirectional) {
    const Result r = run_packed_sequence(kOp, data, batch_sizes, h_0, &c_0, packed, bidirectional);
    return {r.output, r.h_n, r.c_n};
  }
  static std::tuple<Tensor, Tensor> cell(const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                                         const Tensor& packed) {
    const Result r = run_cell(kOp, input, h_0, &c_0, packed);
    return {r.output, r.c_n};
  }
};

}  // namespace zoo::engine
