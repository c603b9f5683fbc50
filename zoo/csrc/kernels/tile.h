#pragma once

// The product of a packed matrix and rows of activations, tile by tile: some rows by some streams of weights,
// summed up in registers. Sums run over the columns in order, whatever the tile, so a row's result does not
// depend on the rows beside it or on the thread that computes it.

#include <algorithm>

#include "kernels/precisions.h"

namespace zoo::ZOO_ISA {

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

// The weights of VECTORS vectors of units as streams: stream s is gate s % GATES of vector s / GATES.
template <int GATES, int STREAMS>
[[gnu::always_inline]] inline void point_to_streams(const MatrixView& matrix, int vector, int first,
                                                    const uint8_t* (&weights)[STREAMS]) {
  for (int s = 0; s < STREAMS; ++s) {
    const int stream = first + s;
    weights[s] = vector_weights<GATES>(matrix, vector + stream / GATES) + stream % GATES * kGroupBytes;
  }
}

// The sums over the run of columns that begins at `first`.
template <class Weights, int GATES, int ROWS, int STREAMS>
[[gnu::always_inline]] inline void sum_run(const MatrixView& matrix, const uint8_t* const (&weights)[STREAMS],
                                           const Row* rows, int64_t first,
                                           typename Weights::Sum (&sums)[ROWS][STREAMS]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int s = 0; s < STREAMS; ++s) sums[r][s] = Weights::start();
  }
  const int64_t last = std::min<int64_t>(matrix.columns, first + Weights::run_length(matrix));
  Weights::template accumulate<GATES, ROWS, STREAMS>(weights, rows, first, last, sums);
}

// Adds a run's sums to those of the runs before it.
template <class Weights, int ROWS, int STREAMS>
[[gnu::always_inline]] inline void join_run(typename Weights::Sum (&sums)[ROWS][STREAMS],
                                            const typename Weights::Sum (&run)[ROWS][STREAMS]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int s = 0; s < STREAMS; ++s) sums[r][s] = Weights::join(sums[r][s], run[r][s]);
  }
}

// Computes the finished gates of one tile, those of STREAMS streams from `first_stream` on. cell.base(row,
// vector, gate) is what a sum is added to; a cell that can keep() a sum takes it at once, `gates` receives it
// otherwise. between() is called after the first run. Backward, the last run comes first, which the step
// before, going forward, left in the first-level cache; it is added last all the same. Not where there are
// four gates: by trial they lose more in their one long stream of weights than they find in the cache.
template <class Weights, int GATES, int ROWS, int STREAMS, int VECTORS, class CellFunction, class Between>
inline void compute_tile(const MatrixView& matrix, const Row* rows, int first_row, int vector,
                         int first_stream, bool backward, const CellFunction& cell,
                         Floats (*gates)[VECTORS][GATES], const Between& between) {
  const uint8_t* weights[STREAMS];
  point_to_streams<GATES>(matrix, vector, first_stream, weights);
  using Sums = typename Weights::Sum[ROWS][STREAMS];
  const int64_t length = Weights::run_length(matrix);
  const int64_t last_run = (matrix.columns - 1) / length * length;
  const bool last_first = GATES < 4 && backward && last_run > 0;
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
    for (int s = 0; s < STREAMS; ++s) {
      const int v = (first_stream + s) / GATES, g = (first_stream + s) % GATES;
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

// What becomes of the gates of rows first to last, unless the cell has kept them: the first half of each row
// goes beside the second half of the row before.
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

// How many of all streams some rows take at a time: all or half of them, or none where not even half fit the
// registers.
template <class Weights>
constexpr int streams_of(int rows, int all) {
  if (rows == 1 || Weights::registers(rows, rows * all) <= kRegisters) return all;
  return all % 2 == 0 && Weights::registers(rows, rows * all / 2) <= kRegisters ? all / 2 : 0;
}

// All rows for VECTORS vectors of units: these weights stay in the first-level cache from one tile to the
// next. The cell is a long chain of latencies, so those of many rows are left to the end, where the processor
// works on several at a time.
template <class Weights, int GATES, int VECTORS, class CellFunction>
inline void compute_vectors(const MatrixView& matrix, const Row* rows, int num_rows, int vector,
                            const CellFunction& cell) {
  constexpr int kMostRows = Weights::kTogether;
  Floats gates[kMostRows][VECTORS][GATES];
  for (int first = 0; first < num_rows; first += kMostRows) {
    const int last = std::min(num_rows, first + kMostRows);
    int row = first;
    const auto take = [&]<int ROWS>() {
      constexpr int kStreams = streams_of<Weights>(ROWS, VECTORS * GATES);
      if constexpr (kStreams > 0) {
        for (; last - row >= ROWS; row += ROWS) {
          for (int stream = 0; stream < VECTORS * GATES; stream += kStreams) {
            compute_tile<Weights, GATES, ROWS, kStreams>(matrix, rows, row, vector, stream, false, cell,
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
                          bool backward, const CellFunction& cell) {
  if (!Weights::kAppliesAmid || matrix.columns <= kRunColumns) {
    for (int i = 0; i < tiles; ++i) {
      const int vector = tile(i);
      Floats gates[1][VECTORS][GATES];
      compute_tile<Weights, GATES, 1, VECTORS * GATES>(matrix, rows, 0, vector, 0, backward, cell, gates,
                                                       [] {});
      apply_cells<GATES, VECTORS>(cell, 0, 1, vector, gates);
    }
    return;
  }
  // The gates of a tile are applied amid the sums of the next, which give the processor something to do.
  Floats gates[2][VECTORS][GATES];
  const auto apply = [&](int i) { apply_cells<GATES, VECTORS>(cell, 0, 1, tile(i), gates + i % 2); };
  for (int i = 0; i < tiles; ++i) {
    compute_tile<Weights, GATES, 1, VECTORS * GATES>(matrix, rows, 0, tile(i), 0, backward, cell,
                                                     gates + i % 2, [&] {
                                                       if (i > 0) apply(i - 1);
                                                     });
  }
  if (tiles > 0) apply(tiles - 1);
}

// VECTORS at a time while that many are left, then half as many. Backward, the same tiles in reverse order.
template <class Weights, int GATES, int VECTORS, class CellFunction>
inline void compute_range(const MatrixView& matrix, const Row* rows, int num_rows, int first, int last,
                          bool backward, const CellFunction& cell) {
  const int tiles = (last - first) / VECTORS;
  const auto tile = [&](int i) { return first + (backward ? tiles - 1 - i : i) * VECTORS; };
  const auto rest = [&] {
    if constexpr (VECTORS > 1) {
      compute_range<Weights, GATES, VECTORS / 2>(matrix, rows, num_rows, first + tiles * VECTORS, last,
                                                 backward, cell);
    }
  };
  if (backward) rest();
  if (num_rows == 1) {
    compute_alone<Weights, GATES, VECTORS>(matrix, rows, tiles, tile, backward, cell);
  } else {
    for (int i = 0; i < tiles; ++i) {
      compute_vectors<Weights, GATES, VECTORS>(matrix, rows, num_rows, tile(i), cell);
    }
  }
  if (!backward) rest();
}

// The largest power of two of vectors with no more than `sums` gates, at most 8.
constexpr int vectors_within(int sums, int gates) {
  int vectors = 8;
  while (vectors > 1 && vectors * gates > sums) vectors /= 2;
  return vectors;
}

// One row alone needs some vectors side by side to hide the latency of the additions, and no more: each reads
// its own stream of weights, and what the cache keeps of a step for the next, which goes the other way, is
// worth most in small tiles. Several rows hide the latency themselves; then fewer vectors leave registers for
// more rows.
template <class Weights, int GATES, class CellFunction>
inline void compute(const MatrixView& matrix, BlockRange blocks, const Row* rows, int num_rows, bool backward,
                    const CellFunction& cell) {
  constexpr int kAlone = vectors_within(Weights::kAlone, GATES);
  constexpr int kOfMany = vectors_within(4, GATES);
  const int first = blocks.first * kVectorsPerBlock;
  const int last = blocks.last * kVectorsPerBlock;
  if (num_rows == 1) {
    compute_range<Weights, GATES, kAlone>(matrix, rows, num_rows, first, last, backward, cell);
  } else {
    compute_range<Weights, GATES, kOfMany>(matrix, rows, num_rows, first, last, backward, cell);
  }
}

}  // namespace zoo::ZOO_ISA
