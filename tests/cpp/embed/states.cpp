// What is true of a stream's state, whatever a model does with it: prints what does not hold.
//   states model.pt input.npy
#include <iostream>
#include <limits>
#include <vector>

#include "expect.h"
#include "zoo/model.h"
#include "zoo/npy.h"

int main(int count, char** words) try {
  if (count != 3) return 64;
  const zoo::Model model = zoo::Model::load(words[1]);
  const zoo::Tensor input = zoo::read_npy(words[2]);
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
  return failures() == 0 ? 0 : 1;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
