#pragma once

#include <cfloat>

#include "kernels/simd.h"

namespace zoo::engine::ZOO_ISA {

// Quantizes one row to bytes. Scale and zero come from its smallest and largest value, zero included. Each
// row has its own, so a result depends neither on the rest of the batch nor on the rest of the sequence. An
// infinity counts as the largest float, which saturates the gates as it does. A row with a NaN gets the scale
// NaN, and all results computed from it are NaN.
inline void quantize_row(const float* x, int columns, uint8_t* out, Row* row) noexcept {
  const int whole = columns / kLanes * kLanes;
  float tail[kLanes] = {};
  for (int k = whole; k < columns; ++k) tail[k - whole] = x[k];

  const Floats none = broadcast(0.0f), most = broadcast(FLT_MAX), least = broadcast(-FLT_MAX);
  const auto finite = [&](const float* from) {  // min and max give their second argument where it is a NaN
    return max(least, min(most, load(from)));
  };
  const Floats rest = finite(tail);
  Floats smallest = min(none, rest), largest = max(none, rest), bad = mul(none, rest);
  for (int k = 0; k < whole; k += kLanes) {
    const Floats value = finite(x + k);
    smallest = min(value, smallest);
    largest = max(value, largest);
    bad = add(bad, mul(none, value));  // 0, or NaN from a NaN on
  }
  float sums[kLanes];
  store(sums, bad);
  float nan = 0.0f;
  for (int i = 0; i < kLanes; ++i) nan += sums[i];

  const float low = reduce_min(smallest), high = reduce_max(largest);
  float scale = high / 255.0f - low / 255.0f;
  if (!(scale > 1e-37f)) scale = 1e-37f;  // all zero or denormal: keeps 1 / scale finite
  const float inverse = 1.0f / scale;
  const Floats zero = round_even(broadcast(-low * inverse));
  float zeros[kLanes];
  store(zeros, zero);

  const auto bytes = [&](Floats value) {
    const Floats shifted = add(round_even(mul(value, broadcast(inverse))), zero);
    return max(broadcast(0.0f), min(broadcast(255.0f), shifted));
  };
  for (int k = 0; k < whole; k += kLanes) store_bytes(out + k, bytes(finite(x + k)));
  if (whole < columns) {
    uint8_t last[kLanes];
    store_bytes(last, bytes(rest));
    for (int k = whole; k < columns; ++k) out[k] = last[k - whole];
  }
  for (int k = columns; k % 4 != 0; ++k) out[k] = 0;
  *row = {out, scale + nan, nan == 0.0f ? static_cast<int32_t>(zeros[0]) : 0};
}

}  // namespace zoo::engine::ZOO_ISA
