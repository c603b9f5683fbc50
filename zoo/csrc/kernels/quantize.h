#pragma once

#include "kernels/simd.h"

namespace zoo::engine::ZOO_ISA {

// Quantizes one row to bytes. Scale and zero come from its smallest and largest value, zero included. Each
// row has its own, so a result depends neither on the rest of the batch nor on the rest of the sequence. A
// row with a NaN or an infinity gets the scale NaN, and all results computed from it are NaN.
inline void quantize_row(const float* x, int columns, uint8_t* out, Row* row) noexcept {
  const int whole = columns / kLanes * kLanes;
  float tail[kLanes] = {};
  for (int k = whole; k < columns; ++k) tail[k - whole] = x[k];

  const Floats none = broadcast(0.0f);
  Floats smallest = min(none, load(tail)), largest = max(none, load(tail)), bad = mul(none, load(tail));
  for (int k = 0; k < whole; k += kLanes) {
    const Floats value = load(x + k);
    smallest = min(value, smallest);
    largest = max(value, largest);
    bad = add(bad, mul(none, value));  // 0, or NaN from a NaN or an infinity on
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
  for (int k = 0; k < whole; k += kLanes) store_bytes(out + k, bytes(load(x + k)));
  if (whole < columns) {
    uint8_t last[kLanes];
    store_bytes(last, bytes(load(tail)));
    for (int k = whole; k < columns; ++k) out[k] = last[k - whole];
  }
  for (int k = columns; k % 4 != 0; ++k) out[k] = 0;
  *row = {out, scale + nan, nan == 0.0f ? static_cast<int32_t>(zeros[0]) : 0};
}

}  // namespace zoo::engine::ZOO_ISA
