#pragma once

// Log-mel features, or what has their form, as a packed sliding operator.

#include "engine/sliding.h"

namespace zoo::engine {

// Without the header.
size_t log_bands_bytes(const SlidingSizes& sizes);
LogBandsView log_bands_view(const SlidingSizes& sizes, const uint8_t* data);
// Whether every band lies in the spectrum and has its weights.
bool are_bands_inside(const SlidingSizes& sizes, const uint8_t* data);

struct LogBandsWeights {
  const double* window;   // (size)
  const double* filters;  // (size / 2 + 1, outputs)
  const float* mean;      // (outputs); null without `standardised`
  const float* std;
};

// The filter weights that the bands take, so that each has a multiple of 4: sizes.filter_weights.
int64_t count_filter_weights(int size, int outputs, const double* filters);
void pack_log_bands(const SlidingSizes& sizes, const LogBandsWeights& weights, uint8_t* packed);

}  // namespace zoo::engine
