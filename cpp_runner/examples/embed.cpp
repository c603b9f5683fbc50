// Runs a model on a whole .npy file and prints its outputs.
//   embed model.pt input.npy
#include <iostream>
#include <ranges>

#include "zoo/model.h"
#include "zoo/npy.h"

int main(int count, char** words) try {
  if (count != 3) {
    std::cerr << "usage: embed model.pt input.npy\n";
    return 64;
  }
  const zoo::Model model = zoo::Model::load(words[1]);
  if (!model.manifest()) {
    std::cerr << words[1] << " has no manifest: save it with zoo.save_artifact\n";
    return 65;
  }
  std::cout << model.manifest()->model_name << " on " << model.device()
            << ", fused layers: " << zoo::acceleration_text(model.acceleration()) << '\n';

  zoo::Inputs inputs;
  inputs.input = zoo::read_npy(words[2]);  // refused, with a message, unless it fits the manifest
  const zoo::Result result = model.run(inputs);
  for (const auto& [name, tensor] : result.outputs) {
    std::cout << name << ' ' << zoo::shape_text(tensor.shape()) << ':';
    for (const float value : tensor.values<float>() | std::views::take(4)) std::cout << ' ' << value;
    std::cout << " ...\n";
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
