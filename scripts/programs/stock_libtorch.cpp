// A LibTorch program that knows nothing of this project: it shows that stock LibTorch loads an artifact and
// gets the same numbers, and it is what the start-up of cpp_runner is measured against.
//
//   stock_libtorch MODEL INPUT SHAPE OUTPUT [int64]
//
// INPUT holds row-major little-endian float32 (or int64 tokens) of shape SHAPE ("1x100x12"); the first output
// tensor of forward(input) is written to OUTPUT as raw float32. Exit status 1 and LibTorch's message on
// failure.
#include <torch/script.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::vector<std::int64_t> parse_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  std::istringstream stream(text);
  for (std::string size; std::getline(stream, size, 'x');) {
    shape.push_back(std::stoll(size));
  }
  return shape;
}

std::vector<char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run(const std::vector<std::string>& arguments) {
  const c10::InferenceMode inference;
  torch::jit::Module module = torch::jit::load(arguments[0]);
  std::vector<char> bytes = read_file(arguments[1]);
  const std::vector<std::int64_t> shape = parse_shape(arguments[2]);
  const bool tokens = arguments.size() > 4 && arguments[4] == "int64";
  const torch::Tensor input = torch::from_blob(bytes.data(), shape, tokens ? torch::kInt64 : torch::kFloat32);
  const torch::IValue result = module.forward({input});
  const torch::Tensor output =
      (result.isTuple() ? result.toTuple()->elements()[0] : result).toTensor().contiguous();
  std::ofstream file(arguments[3], std::ios::binary);
  file.write(static_cast<const char*>(output.const_data_ptr()),
             static_cast<std::streamsize>(output.nbytes()));
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + arguments[3]);
  }
}

}  // namespace

int main(int count, char** values) {
  if (count != 5 && count != 6) {
    std::cerr << "usage: stock_libtorch MODEL INPUT SHAPE OUTPUT [int64]\n";
    return 64;
  }
  try {
    run({values + 1, values + count});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
