#pragma once

#include <cfloat>

#include "kernels/simd.h"

namespace zoo::engine::ZOO_ISA {

struct Range {
  float low, high;
};

// An infinity counts as the largest float, which saturates the gates as it does. min and max give their
// second argument where it is a NaN.
inline Floats finite(Floats x) { return max(broadcast(-FLT_MAX), min(broadcast(FLT_MAX), x)); }

// A row's smallest and largest value, zero included. `rest` has what is left after the whole vectors.
inline Range find_range(const float* x, int whole, Floats rest) {
  const Floats none = broadcast(0.0f);
  Floats smallest = min(none, rest), largest = max(none, rest);
  for (int k = 0; k < whole; k += kLanes) {
    const Floats value = finite(load(x + k));
    smallest = min(value, smallest);
    largest = max(value, largest);
  }
  return {reduce_min(smallest), reduce_max(largest)};
}

// Quantizes one row to bytes. Scale and zero come from a fixed range, or else from the row's own: then a
// result depends neither on the rest of the batch nor on the rest of the sequence in either case. What lies
// beyond a fixed range becomes its end. A row with a NaN gets the scale NaN, and all results computed from it
// are NaN.
inline void quantize_row(const float* x, int columns, const float* fixed, uint8_t* out, Row* row) noexcept {
  const int whole = columns / kLanes * kLanes;
  float tail[kLanes] = {};
  for (int k = whole; k < columns; ++k) tail[k - whole] = x[k];
  const Floats rest = finite(load(tail));

  const Range range = fixed != nullptr ? Range{fixed[0], fixed[1]} : find_range(x, whole, rest);
  float scale = range.high / 255.0f - range.low / 255.0f;
  if (!(scale > 1e-37f)) scale = 1e-37f;  // all zero or denormal: keeps 1 / scale finite
  const float inverse = 1.0f / scale;
  const Floats zero = round_even(broadcast(-range.low * inverse));
  float zeros[kLanes];
  store(zeros, zero);

  const auto bytes = [&](Floats value) {
    const Floats shifted = add(round_even(mul(value, broadcast(inverse))), zero);
    return max(broadcast(0.0f), min(broadcast(255.0f), shifted));
  };
  const Floats none = broadcast(0.0f);
  Floats bad = mul(none, rest);
  for (int k = 0; k < whole; k += kLanes) {
    const Floats value = finite(load(x + k));
    bad = add(bad, mul(none, value));  // 0, or NaN from a NaN on
    store_bytes(out + k, bytes(value));
  }
  if (whole < columns) {
    uint8_t last[kLanes];
    store_bytes(last, bytes(rest));
    for (int k = whole; k < columns; ++k) out[k] = last[k - whole];
  }
  for (int k = columns; k % 4 != 0; ++k) out[k] = 0;
  float sums[kLanes];
  store(sums, bad);
  float nan = 0.0f;
  for (int i = 0; i < kLanes; ++i) nan += sums[i];
  *row = {out, scale + nan, nan == 0.0f ? static_cast<int32_t>(zeros[0]) : 0};
}

}  // namespace zoo::engine::ZOO_ISA
