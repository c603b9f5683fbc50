// Feeds a .npy file to a model, four steps at a time, and prints the last output value of each chunk.
//   stream model.pt input.npy     input: (1, steps, features)
#include <algorithm>
#include <cstdint>
#include <iostream>

#include "zoo/model.h"
#include "zoo/npy.h"

int main(int count, char** words) try {
  if (count != 3) {
    std::cerr << "usage: stream model.pt input.npy\n";
    return 64;
  }
  const zoo::Model model = zoo::Model::load(words[1]);
  const zoo::Tensor input = zoo::read_npy(words[2]);
  const std::int64_t steps = input.shape().at(1);
  const std::int64_t features = input.shape().at(2);
  zoo::State state = model.initial_state(1);
  for (std::int64_t begin = 0; begin < steps; begin += 4) {
    const std::int64_t chunk = std::min<std::int64_t>(4, steps - begin);
    const auto values = input.values<float>().subspan(begin * features, chunk * features);
    const zoo::Tensor output = model.run(zoo::Tensor::of({1, chunk, features}, values), state);
    std::cout << begin + chunk << ' ' << output.values<float>().back() << '\n';
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
