#include "zoo/sound.h"

#include <algorithm>
#include <string>

#include "base/message.h"
#include "core/input_checks.h"
#include "zoo/error.h"

namespace zoo {

Tensor encode_sound(const Manifest& manifest, const Sound& sound) {
  const TensorSpec& input = manifest.inputs.front();
  const bool of_steps = input.dims.size() == 3 && input.dims.back().fixed();
  if (!manifest.sample_rate) {
    throw Error(Status::usage, "the model does not say at which rate its sound is");
  }
  if (!is_floating(input.dtype) || (!of_steps && input.dims.size() != 2)) {
    throw Error(Status::usage, "the model takes no sound: " + quote(input.name) + " is " +
                                   std::string(dtype_name(input.dtype)) + " (" + dims_text(input) +
                                   "), expected samples or steps of samples");
  }
  if (sound.rate != *manifest.sample_rate) {
    throw Error(Status::bad_data, "the recording is at " + std::to_string(sound.rate) +
                                      " Hz, and the model takes " + std::to_string(*manifest.sample_rate) +
                                      " Hz; convert it");
  }
  if (sound.channels != 1) {
    throw Error(Status::bad_data, "the recording has " + std::to_string(sound.channels) +
                                      " channels, and the model takes one; convert it");
  }
  if (sound.samples.empty()) throw Error(Status::bad_data, "the recording has no sample");
  const std::size_t size = of_steps ? static_cast<std::size_t>(input.dims.back().size) : 1;
  const std::size_t steps = (sound.samples.size() + size - 1) / size;
  Tensor samples(DType::float32, shape_of(input, [&](const std::string& name) -> std::int64_t {
                   return name == "seq_len" ? static_cast<std::int64_t>(steps) : 1;
                 }));
  std::ranges::copy(sound.samples, samples.values<float>().begin());
  return convert(samples, input.dtype, "the recording");
}

}  // namespace zoo
