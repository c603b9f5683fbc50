#pragma once

// The inner product of a packed matrix and rows of activations: a tile of ROWS rows by VECTORS vectors of
// units, all gates of them, accumulated in registers. Sums run over the columns in order, whatever the tile,
// so a row's result does not depend on the rows beside it or on the thread that computes it. A sum of floats
// is one of runs of columns, each from zero: its rounding error grows with the length of a run, not with that
// of the row.

#include <algorithm>

#include "kernels/simd.h"

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

inline constexpr int64_t kRunColumns = 64;

// Each precision says how a run of columns is multiplied and how a sum becomes a float.
struct Fp32 {
  static constexpr Precision kPrecision = Precision::fp32;
  static constexpr int kAlone = 6;            // sums side by side for a single row, found by trial
  static constexpr int kTogether = 24;        // rows whose gates are applied together, by trial
  static constexpr bool kAppliesAmid = true;  // a row alone: gates amid the sums of the next tile, by trial
  using Sum = Floats;
  static int64_t run_length(const MatrixView&) { return kRunColumns; }
  static Sum start() { return broadcast(0.0f); }
  static Sum join(Sum a, Sum b) { return add(a, b); }
  static Floats finish(Sum sum, Floats base, const Row&, const MatrixView&, int64_t) {
    return add(base, sum);
  }

  template <int GATES, int ROWS, int VECTORS>
  [[gnu::always_inline]] static void accumulate(const uint8_t* const (&weights)[VECTORS], const Row* rows,
                                                int64_t first, int64_t last,
                                                Sum (&sums)[ROWS][VECTORS][GATES]) {
    const float* x[ROWS];
    for (int r = 0; r < ROWS; ++r) x[r] = static_cast<const float*>(rows[r].data);
    for (int64_t k = first; k < last; ++k) {
      Floats value[ROWS];
      for (int r = 0; r < ROWS; ++r) value[r] = broadcast(x[r][k]);
      for (int v = 0; v < VECTORS; ++v) {
        const uint8_t* group = weights[v] + k * (GATES * kGroupBytes);
        for (int g = 0; g < GATES; ++g) {
          if constexpr (ROWS == 1) {
            sums[0][v][g] = dot_add_once(group + g * kGroupBytes, value[0], sums[0][v][g]);
          } else {
            const Floats weight = load(reinterpret_cast<const float*>(group + g * kGroupBytes));
            for (int r = 0; r < ROWS; ++r) sums[r][v][g] = dot_add(weight, value[r], sums[r][v][g]);
          }
        }
      }
    }
  }
};

struct Bf16 {
  static constexpr Precision kPrecision = Precision::bf16;
  static constexpr int kAlone = 8;             // sums side by side for a single row, found by trial
  static constexpr int kTogether = 24;         // rows whose gates are applied together, by trial
  static constexpr bool kAppliesAmid = false;  // a row alone: gates amid the sums of the next tile, by trial
  using Sum = Floats;
  static int64_t run_length(const MatrixView&) { return kRunColumns; }
  static Sum start() { return broadcast(0.0f); }
  static Sum join(Sum a, Sum b) { return add(a, b); }
  static Floats finish(Sum sum, Floats base, const Row&, const MatrixView&, int64_t) {
    return add(base, sum);
  }

  // Activations stay float: no rounding but that of the weights. The first of a pair is widened; the second
  // is the whole word, which packing brought near to the weight with the first in its lower half.
  template <int GATES, int ROWS, int VECTORS>
  [[gnu::always_inline]] static void accumulate(const uint8_t* const (&weights)[VECTORS], const Row* rows,
                                                int64_t first, int64_t last,
                                                Sum (&sums)[ROWS][VECTORS][GATES]) {
    const float* x[ROWS];
    for (int r = 0; r < ROWS; ++r) x[r] = static_cast<const float*>(rows[r].data);
    const int64_t pairs = last / 2;
    for (int64_t pair = first / 2; pair < pairs; ++pair) {  // a run begins at an even column
      Floats one[ROWS], other[ROWS];
      for (int r = 0; r < ROWS; ++r) {
        one[r] = broadcast(x[r][2 * pair]);
        other[r] = broadcast(x[r][2 * pair + 1]);
      }
      for (int v = 0; v < VECTORS; ++v) {
        const uint8_t* group = weights[v] + pair * (GATES * kGroupBytes);
        for (int g = 0; g < GATES; ++g) {
          Floats word = load(reinterpret_cast<const float*>(group + g * kGroupBytes));
          hold(word);
          const Floats weight = widen_low_half(word);
          for (int r = 0; r < ROWS; ++r) sums[r][v][g] = dot_add(weight, one[r], sums[r][v][g]);
          for (int r = 0; r < ROWS; ++r) sums[r][v][g] = dot_add(word, other[r], sums[r][v][g]);
        }
      }
    }
    if (last % 2 == 0) return;
    for (int v = 0; v < VECTORS; ++v) {
      const uint8_t* group = weights[v] + pairs * (GATES * kGroupBytes);
      for (int g = 0; g < GATES; ++g) {
        const Floats weight = widen_low_half(load(reinterpret_cast<const float*>(group + g * kGroupBytes)));
        for (int r = 0; r < ROWS; ++r) {
          sums[r][v][g] = dot_add(weight, broadcast(x[r][2 * pairs]), sums[r][v][g]);
        }
      }
    }
  }
};

#if defined(ZOO_HAS_BYTE_DOT)
struct Int8 {
  static constexpr Precision kPrecision = Precision::int8;
  static constexpr int kAlone = 8;             // sums side by side for a single row, found by trial
  static constexpr int kTogether = 6;          // rows whose gates are applied together, by trial
  static constexpr bool kAppliesAmid = false;  // a row alone: gates amid the sums of the next tile, by trial
  using Sum = ByteSums;
  static int64_t run_length(const MatrixView& matrix) { return matrix.columns; }  // integers do not round
  static Sum start() { return no_sums(); }
  static Sum join(Sum a, Sum) { return a; }  // there is but one run

  // base + row scale * channel scale * (sum of bytes * weights - zero * sum of weights); integers are exact.
  static Floats finish(Sum sum, Floats base, const Row& row, const MatrixView& matrix, int64_t offset) {
    const Ints exact = mul_sub(total(sum), broadcast_int(row.zero), load_ints(matrix.sums + offset));
    return mul_add(to_float(exact), mul(broadcast(row.scale), load(matrix.scales + offset)), base);
  }

  template <int GATES, int ROWS, int VECTORS>
  [[gnu::always_inline]] static void accumulate(const uint8_t* const (&weights)[VECTORS], const Row* rows,
                                                int64_t first, int64_t last,
                                                Sum (&sums)[ROWS][VECTORS][GATES]) {
    const uint8_t* x[ROWS];
    for (int r = 0; r < ROWS; ++r) x[r] = static_cast<const uint8_t*>(rows[r].data);
    for (int64_t group = first / 4; group < (last + 3) / 4; ++group) {
      Bytes value[ROWS];
      for (int r = 0; r < ROWS; ++r) value[r] = broadcast_bytes(x[r] + 4 * group);
      for (int v = 0; v < VECTORS; ++v) {
        const uint8_t* four = weights[v] + group * (GATES * kGroupBytes);
        for (int g = 0; g < GATES; ++g) {
          const ByteWeights weight = load_byte_weights(four + g * kGroupBytes);
          for (int r = 0; r < ROWS; ++r) sums[r][v][g] = dot_bytes(value[r], weight, sums[r][v][g]);
        }
      }
    }
  }
};
#endif

// The sums over the run of columns that begins at `first`.
template <class Weights, int GATES, int ROWS, int VECTORS>
[[gnu::always_inline]] inline void sum_run(const MatrixView& matrix, const uint8_t* const (&weights)[VECTORS],
                                           const Row* rows, int64_t first,
                                           typename Weights::Sum (&sums)[ROWS][VECTORS][GATES]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < VECTORS; ++v) {
      for (int g = 0; g < GATES; ++g) sums[r][v][g] = Weights::start();
    }
  }
  const int64_t last = std::min<int64_t>(matrix.columns, first + Weights::run_length(matrix));
  Weights::template accumulate<GATES, ROWS, VECTORS>(weights, rows, first, last, sums);
}

// Adds a run's sums to those of the runs before it.
template <class Weights, int ROWS, int VECTORS, int GATES>
[[gnu::always_inline]] inline void join_run(typename Weights::Sum (&sums)[ROWS][VECTORS][GATES],
                                            const typename Weights::Sum (&run)[ROWS][VECTORS][GATES]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < VECTORS; ++v) {
      for (int g = 0; g < GATES; ++g) sums[r][v][g] = Weights::join(sums[r][v][g], run[r][v][g]);
    }
  }
}

// Computes the finished gates of one tile. cell.base(row, vector, gate) is what a sum is added to; between()
// is called after the first run. Backward, the last run comes first, which the step before, going forward,
// left in the first-level cache; it is added last all the same. Not where there are four gates: by trial they
// lose more in their one long stream of weights than they find in the cache.
template <class Weights, int GATES, int ROWS, int VECTORS, class CellFunction, class Between>
inline void compute_tile(const MatrixView& matrix, const Row* rows, int first_row, int vector, bool backward,
                         const CellFunction& cell, Floats (*gates)[VECTORS][GATES], const Between& between) {
  const uint8_t* weights[VECTORS];
  for (int v = 0; v < VECTORS; ++v) weights[v] = vector_weights<GATES>(matrix, vector + v);
  using Sums = typename Weights::Sum[ROWS][VECTORS][GATES];
  const int64_t length = Weights::run_length(matrix);
  const int64_t last_run = (matrix.columns - 1) / length * length;
  const bool last_first = GATES < 4 && backward && last_run > 0;
  Sums sums, last = {};
  if (last_first) {
    sum_run<Weights>(matrix, weights, rows + first_row, last_run, last);
    between();
  }
  sum_run<Weights>(matrix, weights, rows + first_row, 0, sums);
  if (!last_first) between();
  for (int64_t first = length; first < (last_first ? last_run : matrix.columns); first += length) {
    Sums run;
    sum_run<Weights>(matrix, weights, rows + first_row, first, run);
    join_run<Weights>(sums, run);
  }
  if (last_first) join_run<Weights>(sums, last);
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < VECTORS; ++v) {
      for (int g = 0; g < GATES; ++g) {
        gates[r][v][g] = Weights::finish(sums[r][v][g], cell.base(first_row + r, vector + v, g),
                                         rows[first_row + r], matrix, gate_offset<GATES>(vector + v, g));
      }
    }
  }
}

// All rows for VECTORS vectors of units: these weights stay in the first-level cache from one tile to the
// next. cell.apply(row, vector, gates) is what becomes of finished gates; it is a long chain of latencies, so
// those of many rows are left to the end, where the processor works on several at a time.
template <class Weights, int GATES, int VECTORS, class CellFunction>
inline void compute_vectors(const MatrixView& matrix, const Row* rows, int num_rows, int vector,
                            const CellFunction& cell) {
  constexpr int kMostRows = Weights::kTogether;
  Floats gates[kMostRows][VECTORS][GATES];
  for (int first = 0; first < num_rows; first += kMostRows) {
    const int last = std::min(num_rows, first + kMostRows);
    int row = first;
    const auto take = [&]<int ROWS>() {
      if constexpr (ROWS == 1 || ROWS * VECTORS * GATES <= kAccumulators) {
        for (; last - row >= ROWS; row += ROWS) {
          compute_tile<Weights, GATES, ROWS, VECTORS>(matrix, rows, row, vector, false, cell,
                                                      gates + (row - first), [] {});
        }
      }
    };
    take.template operator()<6>();
    take.template operator()<4>();
    take.template operator()<3>();
    take.template operator()<2>();
    take.template operator()<1>();
#pragma GCC unroll 1
    for (int r = first; r < last; ++r) {
      for (int v = 0; v < VECTORS; ++v) cell.apply(r, vector + v, gates[r - first][v]);
    }
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
      compute_tile<Weights, GATES, 1, VECTORS>(matrix, rows, 0, vector, backward, cell, gates, [] {});
      for (int v = 0; v < VECTORS; ++v) cell.apply(0, vector + v, gates[0][v]);
    }
    return;
  }
  // The gates of a tile are applied amid the sums of the next, which give the processor something to do.
  Floats gates[2][VECTORS][GATES];
  const auto apply = [&](int i) {
    for (int v = 0; v < VECTORS; ++v) cell.apply(0, tile(i) + v, gates[i % 2][v]);
  };
  for (int i = 0; i < tiles; ++i) {
    compute_tile<Weights, GATES, 1, VECTORS>(matrix, rows, 0, tile(i), backward, cell, gates + i % 2, [&] {
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

// The largest power of two of vectors whose gates fit `accumulators` registers, at most 8.
constexpr int vectors_within(int accumulators, int gates) {
  int vectors = 8;
  while (vectors > 1 && vectors * gates > accumulators) vectors /= 2;
  return vectors;
}

// One row alone needs some vectors side by side to hide the latency of the additions, and no more: each reads
// its own stream of weights, and what the cache keeps of a step for the next, which goes the other way, is
// worth most in small tiles. Several rows hide the latency themselves; then fewer vectors leave registers for
// more rows.
template <class Weights, int GATES, class CellFunction>
inline void compute(const MatrixView& matrix, BlockRange blocks, const Row* rows, int num_rows, bool backward,
                    const CellFunction& cell) {
  constexpr int kAlone = vectors_within(std::min(kAccumulators, Weights::kAlone), GATES);
  constexpr int kOfMany = vectors_within(kAccumulators / 6, GATES);
  const int first = blocks.first * kVectorsPerBlock;
  const int last = blocks.last * kVectorsPerBlock;
  if (num_rows == 1) {
    compute_range<Weights, GATES, kAlone>(matrix, rows, num_rows, first, last, backward, cell);
  } else {
    compute_range<Weights, GATES, kOfMany>(matrix, rows, num_rows, first, last, backward, cell);
  }
}

}  // namespace zoo::ZOO_ISA
