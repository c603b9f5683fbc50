#pragma once

// How each precision multiplies a packed matrix by rows of activations: it sums products over a run of
// columns, for some rows and some strips of weights, and makes a float of each sum. A strip is one gate of
// one vector of units; GATES * kGroupBytes bytes lie from one group of its columns to the next.

#include "kernels/simd.h"

namespace zoo::engine::ZOO_ISA {

// Floats are summed in runs of columns, each from zero, so that the rounding error grows with the length of a
// run and not with the length of the row.
inline constexpr int64_t kRunColumns = 64;

// Whether the sums of earlier runs stay in registers while a tile of several rows is summed. With 16
// registers they wait in memory, because the few sums that would be left could not hide the latency of an
// addition.
inline constexpr bool kKeepsRunSums = kRegisters >= 32;

inline Floats load_floats(const uint8_t* p) { return load(reinterpret_cast<const float*>(p)); }

// What precisions whose sums are floats have in common.
struct FloatSums {
  using Sum = Floats;
  static int64_t run_length(const MatrixView&) { return kRunColumns; }
  static Sum start() { return broadcast(0.0f); }
  static Sum join(Sum a, Sum b) { return add(a, b); }
  static Floats finish(Sum sum, Floats base, const Row&, const MatrixView&, int64_t) {
    return add(base, sum);
  }
};

// Three constants of each precision were found by trial:
//   kAlone        how many sums a single row has side by side
//   kTogether     how many rows have their gates applied together
//   kAppliesAmid  whether the gates of a single row are applied amid the sums of the next tile
struct Fp32 : FloatSums {
  static constexpr int kAlone = 6;
  static constexpr int kTogether = 24;
  static constexpr bool kAppliesAmid = true;
  // The registers that `sums` sums of several rows need: the sums, a weight, and a value for each row.
  static constexpr int registers(int rows, int sums) { return sums * (kKeepsRunSums ? 2 : 1) + 1 + rows; }

  template <int GATES, int ROWS, int STRIPS>
  [[gnu::always_inline]] static void accumulate(const uint8_t* const (&weights)[STRIPS], const Row* rows,
                                                int64_t first, int64_t last, Sum (&sums)[ROWS][STRIPS]) {
    const float* x[ROWS];
    for (int r = 0; r < ROWS; ++r) x[r] = static_cast<const float*>(rows[r].data);
    for (int64_t k = first; k < last; ++k) {
      Floats value[ROWS];
      for (int r = 0; r < ROWS; ++r) value[r] = broadcast(x[r][k]);
      for (int s = 0; s < STRIPS; ++s) {
        const uint8_t* group = weights[s] + k * (GATES * kGroupBytes);
        if constexpr (ROWS == 1) {
          sums[0][s] = dot_add_once(group, value[0], sums[0][s]);
        } else {
          const Floats weight = load_floats(group);
          for (int r = 0; r < ROWS; ++r) sums[r][s] = dot_add(weight, value[r], sums[r][s]);
        }
      }
    }
  }
};

struct Bf16 : FloatSums {
  static constexpr int kAlone = 8;
  static constexpr int kTogether = 24;
  static constexpr bool kAppliesAmid = false;
  static constexpr int registers(int rows, int sums) { return sums * (kKeepsRunSums ? 2 : 1) + 2 + 2 * rows; }

  // Activations stay float, so only the weights are rounded. The first of a pair is widened. The second is
  // the whole word: packing chose its upper half so that the word, with the first in its lower half, is near
  // the weight.
  template <int GATES, int ROWS, int STRIPS>
  [[gnu::always_inline]] static void accumulate(const uint8_t* const (&weights)[STRIPS], const Row* rows,
                                                int64_t first, int64_t last, Sum (&sums)[ROWS][STRIPS]) {
    const float* x[ROWS];
    for (int r = 0; r < ROWS; ++r) x[r] = static_cast<const float*>(rows[r].data);
    const int64_t pairs = last / 2;
    for (int64_t pair = first / 2; pair < pairs; ++pair) {  // a run begins at an even column
      Floats one[ROWS], other[ROWS];
      for (int r = 0; r < ROWS; ++r) {
        one[r] = broadcast(x[r][2 * pair]);
        other[r] = broadcast(x[r][2 * pair + 1]);
      }
      for (int s = 0; s < STRIPS; ++s) {
        Floats word = load_floats(weights[s] + pair * (GATES * kGroupBytes));
        hold(word);
        const Floats weight = widen_low_half(word);
        for (int r = 0; r < ROWS; ++r) sums[r][s] = dot_add(weight, one[r], sums[r][s]);
        for (int r = 0; r < ROWS; ++r) sums[r][s] = dot_add(word, other[r], sums[r][s]);
      }
    }
    if (last % 2 == 0) return;
    for (int s = 0; s < STRIPS; ++s) {
      const Floats weight = widen_low_half(load_floats(weights[s] + pairs * (GATES * kGroupBytes)));
      for (int r = 0; r < ROWS; ++r) sums[r][s] = dot_add(weight, broadcast(x[r][2 * pairs]), sums[r][s]);
    }
  }
};

#if defined(ZOO_HAS_BYTE_DOT)
struct Int8 {
  static constexpr int kAlone = 8;
  static constexpr int kTogether = 6;
  static constexpr bool kAppliesAmid = false;
  using Sum = ByteSums;
  static int64_t run_length(const MatrixView& matrix) { return matrix.columns; }  // integers do not round
  static constexpr int registers(int rows, int sums) {
    return sums * static_cast<int>(sizeof(Sum) / sizeof(Floats)) + 1 + rows;
  }
  static Sum start() { return no_sums(); }
  static Sum join(Sum a, Sum) { return a; }  // there is only one run

  // base + row scale * channel scale * (sum of bytes * weights - zero * sum of weights); integers are exact.
  static Floats finish(Sum sum, Floats base, const Row& row, const MatrixView& matrix, int64_t offset) {
    const Ints exact = mul_sub(total(sum), broadcast_int(row.zero), load_ints(matrix.sums + offset));
    return mul_add(to_float(exact), mul(broadcast(row.scale), load(matrix.scales + offset)), base);
  }

  template <int GATES, int ROWS, int STRIPS>
  [[gnu::always_inline]] static void accumulate(const uint8_t* const (&weights)[STRIPS], const Row* rows,
                                                int64_t first, int64_t last, Sum (&sums)[ROWS][STRIPS]) {
    const uint8_t* x[ROWS];
    for (int r = 0; r < ROWS; ++r) x[r] = static_cast<const uint8_t*>(rows[r].data);
    for (int64_t group = first / 4; group < (last + 3) / 4; ++group) {
      Bytes value[ROWS];
      for (int r = 0; r < ROWS; ++r) value[r] = broadcast_bytes(x[r] + 4 * group);
      for (int s = 0; s < STRIPS; ++s) {
        const ByteWeights weight = load_byte_weights(weights[s] + group * (GATES * kGroupBytes));
        for (int r = 0; r < ROWS; ++r) sums[r][s] = dot_bytes(value[r], weight, sums[r][s]);
      }
    }
  }
};
#endif

}  // namespace zoo::engine::ZOO_ISA
