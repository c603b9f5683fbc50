#pragma once

// A convolution over the steps as a packed sliding operator.

#include "engine/sliding.h"

namespace zoo::engine {

// Without the header.
size_t convolution_bytes(const SlidingSizes& sizes);
ConvolutionView convolution_view(const SlidingSizes& sizes, const uint8_t* data);

// weight (outputs, channels, taps) as nn.Conv1d has it; bias (outputs), or null.
void pack_convolution(const SlidingSizes& sizes, const double* weight, const double* bias, uint8_t* packed);

}  // namespace zoo::engine
