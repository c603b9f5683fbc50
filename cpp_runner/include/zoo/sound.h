// Recordings in, for artifacts of raw sound.
#pragma once

#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/tensor.h"
#include "zoo/wav.h"

namespace zoo {

// A recording as the input of an artifact of raw sound: (1, steps, samples of a step), with silence behind
// the last sample, or (1, samples). Throws Error(usage) where the artifact does not say a rate of its samples
// or its input has another form, and Error(bad_data) for another rate, several channels and no sample.
ZOO_API Tensor encode_sound(const Manifest& manifest, const Sound& sound);

}  // namespace zoo
