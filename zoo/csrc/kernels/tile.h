#pragma once

// The product of a packed matrix and rows of activations, tile by tile. A tile is some rows by some strips of
// weights, summed in registers. Every tile sums the columns in the same order, so a row's result does not
// depend on the rows beside it or on the thread that computes it.

#include <algorithm>

#include "kernels/precisions.h"

namespace zoo::engine::ZOO_ISA {

inline constexpr int kVectorsPerBlock = kBlockUnits / kLanes;

// Where the weights of vector `vector` of units begin: 4 bytes for each unit, gate and group of columns.
template <int GATES>
inline const uint8_t* vector_weights(const MatrixView& matrix, int vector) {
  const int64_t block = vector / kVectorsPerBlock;
  const int64_t lane = vector % kVectorsPerBlock * kLanes;
  return matrix.weights + block * matrix.groups * (GATES * kGroupBytes) + lane * 4;
}

// Index of (vector, gate) in the arrays [block][gate][16].
template <int GATES>
inline int64_t gate_offset(int vector, int gate) {
  return (static_cast<int64_t>(vector / kVectorsPerBlock) * GATES + gate) * kBlockUnits +
         vector % kVectorsPerBlock * kLanes;
}

// The weights of VECTORS vectors of units as strips: strip s is gate s % GATES of vector s / GATES.
template <int GATES, int STRIPS>
[[gnu::always_inline]] inline void point_to_strips(const MatrixView& matrix, int vector, int first,
                                                   const uint8_t* (&weights)[STRIPS]) {
  for (int s = 0; s < STRIPS; ++s) {
    const int strip = first + s;
    weights[s] = vector_weights<GATES>(matrix, vector + strip / GATES) + strip % GATES * kGroupBytes;
  }
}

// The sums over the run of columns that begins at `first`.
template <class Weights, int GATES, int ROWS, int STRIPS>
[[gnu::always_inline]] inline void sum_run(const MatrixView& matrix, const uint8_t* const (&weights)[STRIPS],
                                           const Row* rows, int64_t first,
                                           typename Weights::Sum (&sums)[ROWS][STRIPS]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int s = 0; s < STRIPS; ++s) sums[r][s] = Weights::start();
  }
  const int64_t last = std::min<int64_t>(matrix.columns, first + Weights::run_length(matrix));
  Weights::template accumulate<GATES, ROWS, STRIPS>(weights, rows, first, last, sums);
}

// Adds a run's sums to those of the runs before it.
template <class Weights, int ROWS, int STRIPS>
[[gnu::always_inline]] inline void join_run(typename Weights::Sum (&sums)[ROWS][STRIPS],
                                            const typename Weights::Sum (&run)[ROWS][STRIPS]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int s = 0; s < STRIPS; ++s) sums[r][s] = Weights::join(sums[r][s], run[r][s]);
  }
}

// Computes the finished gates of one tile, which has STRIPS strips from `first_strip` on. A sum is added to
// cell.base(row, vector, gate). A cell that can keep() a sum takes it at once; otherwise `gates` receives it.
// between() is called after the first run. A descending step begins with the last run, which the ascending
// step before it left in the first-level cache, and still adds it last. With four gates it does not: by
// trial, leaving the order of their long strips costs more than the cache saves.
template <class Weights, int GATES, int ROWS, int STRIPS, int VECTORS, class CellFunction, class Between>
inline void compute_tile(const MatrixView& matrix, const Row* rows, int first_row, int vector,
                         int first_strip, bool descending, const CellFunction& cell,
                         Floats (*gates)[VECTORS][GATES], const Between& between) {
  const uint8_t* weights[STRIPS];
  point_to_strips<GATES>(matrix, vector, first_strip, weights);
  using Sums = typename Weights::Sum[ROWS][STRIPS];
  const int64_t length = Weights::run_length(matrix);
  const int64_t last_run = (matrix.columns - 1) / length * length;
  const bool last_first = GATES < 4 && descending && last_run > 0;
  Sums sums, last = {};
  if (last_first) {
    sum_run<Weights, GATES>(matrix, weights, rows + first_row, last_run, last);
    between();
  }
  sum_run<Weights, GATES>(matrix, weights, rows + first_row, 0, sums);
  if (!last_first) between();
  for (int64_t first = length; first < (last_first ? last_run : matrix.columns); first += length) {
    Sums run;
    sum_run<Weights, GATES>(matrix, weights, rows + first_row, first, run);
    join_run<Weights>(sums, run);
  }
  if (last_first) join_run<Weights>(sums, last);
  for (int r = 0; r < ROWS; ++r) {
    for (int s = 0; s < STRIPS; ++s) {
      const int v = (first_strip + s) / GATES, g = (first_strip + s) % GATES;
      const Floats gate = Weights::finish(sums[r][s], cell.base(first_row + r, vector + v, g),
                                          rows[first_row + r], matrix, gate_offset<GATES>(vector + v, g));
      if constexpr (requires { cell.keep(r, v, g, gate); }) {
        cell.keep(first_row + r, vector + v, g, gate);
      } else {
        gates[r][v][g] = gate;
      }
    }
  }
}

// Applies the cell to the gates of the rows from `first` to before `last`, unless it has kept them. The first
// half of each row runs beside the second half of the row before it.
template <int GATES, int VECTORS, class CellFunction>
[[gnu::always_inline]] inline void apply_cells(const CellFunction& cell, int first, int last, int vector,
                                               const Floats (*gates)[VECTORS][GATES]) {
  if constexpr (requires { typename CellFunction::Half; }) {
    typename CellFunction::Half halves[VECTORS];
    for (int v = 0; v < VECTORS; ++v) halves[v] = cell.begin(first, vector + v, gates[0][v]);
#pragma GCC unroll 1
    for (int r = first + 1; r < last; ++r) {
      for (int v = 0; v < VECTORS; ++v) {
        const auto next = cell.begin(r, vector + v, gates[r - first][v]);
        cell.finish(r - 1, vector + v, halves[v]);
        halves[v] = next;
      }
    }
    for (int v = 0; v < VECTORS; ++v) cell.finish(last - 1, vector + v, halves[v]);
  }
}

// How many strips out of `all` a tile of `rows` rows has: all or half of them, or none where not even half of
// them fit in the registers.
template <class Weights>
constexpr int strips_of(int rows, int all) {
  if (rows == 1 || Weights::registers(rows, rows * all) <= kRegisters) return all;
  return all % 2 == 0 && Weights::registers(rows, rows * all / 2) <= kRegisters ? all / 2 : 0;
}

// All rows for VECTORS vectors of units, whose weights stay in the first-level cache from one tile to the
// next. A cell is a long chain of latencies, so the cells of many rows come at the end, where the processor
// works on several of them at a time.
template <class Weights, int GATES, int VECTORS, class CellFunction>
inline void compute_vectors(const MatrixView& matrix, const Row* rows, int num_rows, int vector,
                            const CellFunction& cell) {
  constexpr int kMostRows = Weights::kTogether;
  Floats gates[kMostRows][VECTORS][GATES];
  for (int first = 0; first < num_rows; first += kMostRows) {
    const int last = std::min(num_rows, first + kMostRows);
    int row = first;
    const auto take = [&]<int ROWS>() {
      constexpr int kStrips = strips_of<Weights>(ROWS, VECTORS * GATES);
      if constexpr (kStrips > 0) {
        for (; last - row >= ROWS; row += ROWS) {
          for (int strip = 0; strip < VECTORS * GATES; strip += kStrips) {
            compute_tile<Weights, GATES, ROWS, kStrips>(matrix, rows, row, vector, strip, false, cell,
                                                        gates + (row - first), [] {});
          }
        }
      }
    };
    take.template operator()<6>();
    take.template operator()<4>();
    take.template operator()<3>();
    take.template operator()<2>();
    take.template operator()<1>();
    apply_cells<GATES, VECTORS>(cell, first, last, vector, gates);
  }
}

// One row alone, tile by tile; tile(i) says which vectors are tile i.
template <class Weights, int GATES, int VECTORS, class CellFunction, class Tile>
inline void compute_alone(const MatrixView& matrix, const Row* rows, int tiles, const Tile& tile,
                          bool descending, const CellFunction& cell) {
  if (!Weights::kAppliesAmid || matrix.columns <= kRunColumns) {
    for (int i = 0; i < tiles; ++i) {
      const int vector = tile(i);
      Floats gates[1][VECTORS][GATES];
      compute_tile<Weights, GATES, 1, VECTORS * GATES>(matrix, rows, 0, vector, 0, descending, cell, gates,
                                                       [] {});
      apply_cells<GATES, VECTORS>(cell, 0, 1, vector, gates);
    }
    return;
  }
  // The cell of a tile is applied amid the sums of the next tile, which fill its latencies.
  Floats gates[2][VECTORS][GATES];
  const auto apply = [&](int i) { apply_cells<GATES, VECTORS>(cell, 0, 1, tile(i), gates + i % 2); };
  for (int i = 0; i < tiles; ++i) {
    compute_tile<Weights, GATES, 1, VECTORS * GATES>(matrix, rows, 0, tile(i), 0, descending, cell,
                                                     gates + i % 2, [&] {
                                                       if (i > 0) apply(i - 1);
                                                     });
  }
  if (tiles > 0) apply(tiles - 1);
}

// VECTORS vectors at a time while that many are left, then half as many. A descending step takes the same
// tiles from the last to the first.
template <class Weights, int GATES, int VECTORS, class CellFunction>
inline void compute_range(const MatrixView& matrix, const Row* rows, int num_rows, int first, int last,
                          bool descending, const CellFunction& cell) {
  const int tiles = (last - first) / VECTORS;
  const auto tile = [&](int i) { return first + (descending ? tiles - 1 - i : i) * VECTORS; };
  const auto rest = [&] {
    if constexpr (VECTORS > 1) {
      compute_range<Weights, GATES, VECTORS / 2>(matrix, rows, num_rows, first + tiles * VECTORS, last,
                                                 descending, cell);
    }
  };
  if (descending) rest();
  if (num_rows == 1) {
    compute_alone<Weights, GATES, VECTORS>(matrix, rows, tiles, tile, descending, cell);
  } else {
    for (int i = 0; i < tiles; ++i) {
      compute_vectors<Weights, GATES, VECTORS>(matrix, rows, num_rows, tile(i), cell);
    }
  }
  if (!descending) rest();
}

// The largest power of two of vectors with no more than `sums` gates, at most 8.
constexpr int vectors_within(int sums, int gates) {
  int vectors = 8;
  while (vectors > 1 && vectors * gates > sums) vectors /= 2;
  return vectors;
}

// A row alone needs some vectors side by side to hide the latency of the additions. More would do harm: each
// vector reads its own strips of weights, and small tiles use more of what the cache keeps of one step
// for the next, which goes in the opposite order. Several rows hide the latency by themselves, and fewer
// vectors leave registers for more rows.
template <class Weights, int GATES, class CellFunction>
inline void compute(const MatrixView& matrix, BlockRange blocks, const Row* rows, int num_rows,
                    bool descending, const CellFunction& cell) {
  constexpr int kAlone = vectors_within(Weights::kAlone, GATES);
  constexpr int kOfMany = vectors_within(4, GATES);
  const int first = blocks.first * kVectorsPerBlock;
  const int last = blocks.last * kVectorsPerBlock;
  if (num_rows == 1) {
    compute_range<Weights, GATES, kAlone>(matrix, rows, num_rows, first, last, descending, cell);
  } else {
    compute_range<Weights, GATES, kOfMany>(matrix, rows, num_rows, first, last, descending, cell);
  }
}

}  // namespace zoo::engine::ZOO_ISA
