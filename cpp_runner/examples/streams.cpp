// Runs several streams at the same time on one model, each in a thread of its own, step by step. Prints the
// last output value of each stream.
//   streams model.pt first.npy second.npy ...     inputs: (1, steps, features)
#include <cstdint>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "zoo/model.h"
#include "zoo/npy.h"
#include "zoo/process.h"

namespace {

// The model is shared, and the state belongs to the stream.
float run_stream(const zoo::Model& model, const std::string& path) {
  const zoo::Tensor input = zoo::read_npy(path);
  const std::int64_t features = input.shape().at(2);
  zoo::State state = model.initial_state(1);
  float last = 0;
  for (std::int64_t step = 0; step < input.shape().at(1); ++step) {
    const auto values = input.values<float>().subspan(step * features, features);
    last = model.run(zoo::Tensor::of({1, 1, features}, values), state).values<float>().back();
  }
  return last;
}

}  // namespace

int main(int count, char** words) try {
  if (count < 3) {
    std::cerr << "usage: streams model.pt first.npy second.npy ...\n";
    return 64;
  }
  zoo::use_threads(1);  // for one call: the streams already keep the cores busy
  const zoo::Model model = zoo::Model::load(words[1]);
  const std::vector<std::string> paths(words + 2, words + count);
  std::vector<std::future<float>> streams;
  for (const std::string& path : paths) {
    streams.push_back(std::async(std::launch::async, [&model, &path] { return run_stream(model, path); }));
  }
  for (std::size_t i = 0; i < streams.size(); ++i) std::cout << paths[i] << ' ' << streams[i].get() << '\n';
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
