// What one step through zoo::Model costs besides the kernel: the two take turns; prints the medians of both
// and of the differences in a turn, in microseconds.
//   step_cost model.pt packed.bin     the packed weights of the model's one recurrent stack
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>
#include <span>
#include <vector>

#include "zoo/model.h"
#include "zoo/process.h"
#include "zoo_ops.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTurns = 41;
constexpr int kWarm = 30;  // calls of a turn that only bring the weights into the caches
constexpr int kCalls = 120;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Call>
double time_turn(const Call& call) {
  std::vector<double> times;
  for (int i = 0; i < kWarm + kCalls; ++i) {
    const auto begin = Clock::now();
    call();
    const double time = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
    if (i >= kWarm) times.push_back(time);
  }
  return median(times);
}

std::vector<char> read_bytes(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A copy where the kernels want it: at the beginning of a cache line.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const char> bytes)
      : data_(::operator new(bytes.size(), kLine)), size_(bytes.size()) {
    std::memcpy(data_, bytes.data(), size_);
  }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;
  ~AlignedBytes() { ::operator delete(data_, kLine); }

  [[nodiscard]] const void* data() const { return data_; }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(size_); }

 private:
  static constexpr std::align_val_t kLine{64};
  void* data_;
  std::size_t size_;
};

}  // namespace

int main(int count, char** words) try {
  if (count != 3) return 64;
  zoo::use_threads(1);
  const zoo::Model model = zoo::Model::load(words[1]);
  const AlignedBytes packed(read_bytes(words[2]));
  const zoo::Manifest& manifest = *model.manifest();
  const std::int64_t features = manifest.inputs.front().dims.back().size;
  std::vector<float> input(static_cast<std::size_t>(features), 0.5F);
  const zoo::Tensor step = zoo::Tensor::of({1, 1, features}, input);
  zoo::State state = model.initial_state(1);

  std::vector<zoo::Tensor> states = state.tensors();
  zoo::Tensor& h = states.front();
  std::vector<float> output(static_cast<std::size_t>(h.shape().back()));
  ZooStreamCall call = {};
  call.packed = packed.data();
  call.packed_bytes = packed.size();
  call.steps = call.batch = 1;
  call.num_layers = h.shape().front();
  call.input_size = features;
  call.output_size = h.shape().back();
  call.input = input.data();
  call.output = output.data();
  call.h = h.values<float>().data();
  if (states.size() == 2) {
    call.hidden_size = states.back().shape().back();
    call.c = states.back().values<float>().data();
  }
  if (zoo_run_stream_call(&call) != 0) return 70;

  std::vector<double> whole, kernel, besides;
  for (int i = 0; i < kTurns; ++i) {
    whole.push_back(time_turn([&] { model.run(step, state); }));
    kernel.push_back(time_turn([&] { zoo_run_stream_call(&call); }));
    besides.push_back(whole.back() - kernel.back());
  }
  std::cout << median(whole) << ' ' << median(kernel) << ' ' << median(besides) << '\n';
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
