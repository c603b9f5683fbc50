// Loads a file once and calls it once for each input, as a program that embeds the library does.
//   calls model.pt auto|aten|fused fp32|bf16|int8 result_prefix input.npy...
// Writes result_prefix.CALL.NAME.npy for each tensor of each call.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "zoo/model.h"
#include "zoo/npy.h"

int main(int count, char** words) try {
  if (count < 6) return 64;
  zoo::LoadOptions options;
  options.engine = zoo::find_engine(words[2]).value();
  options.precision = zoo::find_precision(words[3]).value();
  const zoo::Model model = zoo::Model::load(words[1], options);
  for (int call = 5; call < count; ++call) {
    for (const zoo::NamedTensor& result : model.call({zoo::read_npy(words[call])})) {
      const std::vector<std::byte> bytes = zoo::encode_npy(result.tensor);
      std::ofstream file(std::string(words[4]) + '.' + std::to_string(call - 5) + '.' + result.name + ".npy",
                         std::ios::binary);
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
