// Calls files as a program that embeds the library does. Each line of the standard input is a job, its words
// divided by tabs:
//   model.pt auto|aten|fused|check chunk batch_size result_prefix input.npy...
// "check" is the engine "auto" with a self-check. A job loads its file once and calls it once for each input,
// and writes result_prefix.CALL.NAME.npy for each tensor. Its answer is a line: "ok", the number of fused
// layers and why the others are not; or "refused", the status and the message.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "zoo/model.h"
#include "zoo/npy.h"

namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream rest(line);
  for (std::string word; std::getline(rest, word, '\t');) words.push_back(word);
  return words;
}

void write(const std::filesystem::path& path, const zoo::Tensor& tensor) {
  const std::vector<std::byte> bytes = zoo::encode_npy(tensor);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::string answer(const std::vector<std::string>& words) try {
  zoo::LoadOptions load;
  load.check = words.at(1) == "check";
  load.engine = zoo::find_engine(load.check ? "auto" : words.at(1)).value();
  zoo::CallOptions options;
  options.chunk = std::stoll(words.at(2));
  options.batch_size = std::stoll(words.at(3));
  const zoo::Model model = zoo::Model::load(words.at(0), load);
  for (std::size_t i = 5; i < words.size(); ++i) {
    for (const zoo::NamedTensor& result : model.call({zoo::read_npy(words[i])}, options)) {
      write(words[4] + '.' + std::to_string(i - 5) + '.' + result.name + ".npy", result.tensor);
    }
  }
  return "ok\t" + std::to_string(model.acceleration().fused_layers()) + '\t' + model.acceleration().refusal;
} catch (const zoo::Error& error) {
  return "refused\t" + std::to_string(static_cast<int>(error.status())) + '\t' + error.what();
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(split(line)) << std::endl;
}
