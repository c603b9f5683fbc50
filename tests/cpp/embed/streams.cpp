// What holds of a stream's state, whatever a model does with it: prints what does not.
//   streams model.pt input.npy
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "zoo/file.h"
#include "zoo/model.h"
#include "zoo/npy.h"

namespace {

zoo::Tensor steps_of(const zoo::Tensor& input, std::int64_t begin, std::int64_t count) {
  const std::int64_t features = input.shape().at(2);
  return zoo::Tensor::of({1, count, features},
                         input.values<float>().subspan(begin * features, count * features));
}

bool same(const zoo::Tensor& a, const zoo::Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.bytes(), b.bytes());
}

bool same(const std::vector<zoo::Tensor>& a, const std::vector<zoo::Tensor>& b) {
  bool equal = a.size() == b.size();
  for (std::size_t i = 0; equal && i < a.size(); ++i) equal = same(a[i], b[i]);
  return equal;
}

int failures = 0;
void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::cout << "does not hold: " << what << '\n';
}

}  // namespace

int main(int count, char** words) try {
  if (count != 3) return 64;
  const zoo::Model model = zoo::Model::load(words[1]);
  const zoo::Tensor input = zoo::parse_npy(zoo::read_file(words[2], "input").bytes(), words[2]);
  const zoo::Tensor first = steps_of(input, 0, 5);
  const zoo::Tensor second = steps_of(input, 5, 4);

  zoo::State state = model.initial_state(1);
  const zoo::Tensor output = model.run(first, state);
  zoo::State again = model.initial_state(1);
  expect(same(model.run(first, again), output), "a second stream begins as the first one did");
  zoo::State empty;
  expect(same(model.run(first, empty), output), "an empty state is the beginning");

  zoo::State copy = state;
  const std::vector<zoo::Tensor> before = state.tensors();
  const zoo::Tensor next = model.run(second, state);
  expect(!same(state.tensors(), before), "a step moves the state on");
  expect(same(copy.tensors(), before), "a copy of a state stays where it is");
  const std::vector<zoo::Tensor> after = state.tensors();
  expect(same(model.run(second, copy), next), "a copy goes on as the original does");
  expect(same(model.run(second, empty), next), "a stream that began empty goes on as the others");

  zoo::Inputs inputs;
  inputs.input = second;
  inputs.state = model.state_from(before);
  const zoo::Result result = model.run(inputs);
  expect(same(inputs.state.tensors(), before), "a state among the inputs is only read");
  expect(same(result.outputs.at(0).tensor, next), "a state made from tensors goes on as the original does");
  expect(same(result.state.tensors(), after), "it ends as the original does");

  zoo::Tensor broken = second;
  broken.values<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  bool refused = false;
  try {
    model.run(broken, state);
  } catch (const zoo::Error&) {
    refused = true;
  }
  expect(refused, "NaN is refused");
  expect(same(state.tensors(), after), "a refused input leaves the state as it was");
  return failures == 0 ? 0 : 1;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
