// A voice activity detector: one probability for each chunk of samples.
//   vad vad.pt audio.npy        audio is (1, samples), 16 kHz, a multiple of 512 samples
// The detector is any TorchScript file with forward(samples, rate), its state inside; this project need not
// have written it.
#include <cstdint>
#include <iostream>

#include "zoo/model.h"
#include "zoo/npy.h"

int main(int count, char** words) try {
  if (count != 3) return 64;
  constexpr std::int64_t kChunk = 512, kRate = 16000;
  const zoo::Model model = zoo::Model::load(words[1]);
  const zoo::Tensor audio = zoo::read_npy(words[2]);
  zoo::Stream stream = model.stream({zoo::Tensor(), kRate});
  for (std::int64_t begin = 0; begin + kChunk <= audio.size(); begin += kChunk) {
    const auto samples = audio.values<float>().subspan(static_cast<std::size_t>(begin), kChunk);
    const auto results = stream.feed(zoo::Tensor::of({1, kChunk}, samples));
    std::cout << results.at(0).tensor.values<float>()[0] << '\n';
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
