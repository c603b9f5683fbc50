#pragma once

// The kernels of the instruction set that the including file names with ZOO_ISA. Everything lies in a
// namespace of that name: otherwise the linker would take functions of two instruction sets for one.

#include <cstddef>
#include <iterator>
#include <utility>

#include "kernels/cells.h"
#include "kernels/gate_functions.h"
#include "kernels/quantize.h"
#include "kernels/tile.h"

namespace zoo::engine::ZOO_ISA {

// `gates` is that of a cell of the table. A projection has one gate, as an RNN has.
template <class Weights>
void project(int gates, const ProjectView& p) noexcept {
  const auto run = [&]<int GATES>() {
    compute<Weights, GATES>(p.matrix, p.blocks, p.x, p.rows, false, Store<GATES>{p});
    return true;
  };
  const auto run_first = [&]<size_t... CELLS>(std::index_sequence<CELLS...>) {
    return ((gates == kCells[CELLS].num_gates && run.template operator()<kCells[CELLS].num_gates>()) || ...);
  };
  run_first(std::make_index_sequence<std::size(kCells)>());
}

// A cell of the table that has no equation here is an error in every build.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"
template <class Weights>
void step(Cell cell, const StepView& s) noexcept {
  const auto run = [&]<class CellFunction>(const CellFunction& function) {
    compute<Weights, CellFunction::kGates>(s.recurrent, s.blocks, s.h, s.rows, s.descending, function);
  };
  switch (cell) {
    case Cell::lstm:
      return run(LstmCell{s});
    case Cell::gru:
      return run(GruCell{s});
    case Cell::rnn_tanh:
      return run(RnnCell<false>{s});
    case Cell::rnn_relu:
      return run(RnnCell<true>{s});
  }
}
#pragma GCC diagnostic pop

template <class Function>
inline void apply_each(const float* x, float* out, int64_t count, Function function) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(out + i, function(load(x + i)));
  float tail[kLanes] = {};
  for (int64_t k = i; k < count; ++k) tail[k - i] = x[k];
  store(tail, function(load(tail)));
  for (int64_t k = i; k < count; ++k) out[k] = tail[k - i];
}

inline void sigmoid_each(const float* x, float* out, int64_t count) noexcept {
  apply_each(x, out, count, [](Floats v) { return value(sigmoid(v)); });
}
inline void tanh_each(const float* x, float* out, int64_t count) noexcept {
  apply_each(x, out, count, [](Floats v) { return value(tanh(v)); });
}
inline void refined_tanh_each(const float* x, float* out, int64_t count) noexcept {
  apply_each(x, out, count, [](Floats v) { return refined_tanh(v); });
}

}  // namespace zoo::engine::ZOO_ISA
