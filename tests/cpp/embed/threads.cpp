// Several threads use one model at the same time, from its first call on: prints what does not hold.
//   threads model.pt input.npy auto|aten     input: (1, 9, features)
#include <cstdint>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"
#include "zoo/model.h"
#include "zoo/npy.h"
#include "zoo/process.h"

namespace {

constexpr int kModels = 8;  // each is new, so that the first calls meet too
constexpr int kThreads = 6;
constexpr int kRounds = 20;

struct Stream {
  std::vector<zoo::Tensor> outputs;
  std::vector<zoo::Tensor> state;

  friend bool operator==(const Stream& a, const Stream& b) {
    return same(a.outputs, b.outputs) && same(a.state, b.state);
  }
};

// Two chunks with the state carried, then the whole by the other function.
Stream run_stream(const zoo::Model& model, const zoo::Tensor& input) {
  Stream stream;
  zoo::State state = model.initial_state(1);
  stream.outputs.push_back(model.run(steps_of(input, 0, 5), state));
  const zoo::State copy = state;
  stream.outputs.push_back(model.run(steps_of(input, 5, 4), state));
  stream.state = state.tensors();
  zoo::Inputs inputs;
  inputs.input = steps_of(input, 5, 4);
  inputs.state = copy;
  stream.outputs.push_back(model.run(inputs).outputs.at(0).tensor);
  return stream;
}

void run_threads(const zoo::Model& model, const zoo::Tensor& input, const Stream& expected) {
  std::latch start(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      try {
        for (int round = 0; round < kRounds; ++round) {
          expect(run_stream(model, input) == expected, "a stream is not disturbed by the others");
        }
      } catch (const zoo::Error& error) {
        expect(false, std::string("no call fails: ") + error.what());
      }
    });
  }
}

}  // namespace

int main(int count, char** words) try {
  if (count != 4) return 64;
  zoo::use_threads(1);
  const zoo::Tensor input = zoo::read_npy(words[2]);
  const zoo::LoadOptions options{.engine = zoo::find_engine(words[3]).value()};
  const Stream expected = run_stream(zoo::Model::load(words[1], options), input);

  for (int i = 0; i < kModels; ++i) run_threads(zoo::Model::load(words[1], options), input, expected);

  // One file, loaded by all threads at the same time.
  const zoo::ModelFile file = zoo::ModelFile::open(words[1]);
  std::vector<std::jthread> loaders;
  for (int i = 0; i < kThreads; ++i) {
    loaders.emplace_back([&] {
      expect(run_stream(zoo::Model::load(file, options), input) == expected, "models load side by side");
    });
  }
  loaders.clear();
  return failures() == 0 ? 0 : 1;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
