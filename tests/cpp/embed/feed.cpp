// Feeds two streams of one model by turns, the second with the first's input reversed in sign, and writes
// what the first gives for each chunk. What the streams have to say goes to stderr.
//   feed model.pt chunk result:argument|- result_prefix input.npy argument.npy...
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "expect.h"
#include "zoo/model.h"
#include "zoo/npy.h"

int main(int count, char** words) try {
  if (count < 6) return 64;
  const std::int64_t chunk = std::stoll(words[2]);
  const std::string link = words[3];
  const zoo::Tensor input = zoo::read_npy(words[5]);
  zoo::StreamOptions options;
  if (link != "-") options.roles.states = {{link.substr(0, 1), link.substr(2)}};
  options.notice = [](const std::string& text) { std::cerr << text << '\n'; };
  std::vector<zoo::Value> arguments{zoo::Tensor()};
  for (int i = 6; i < count; ++i) arguments.emplace_back(zoo::read_npy(words[i]));
  const zoo::Model model = zoo::Model::load(words[1]);
  zoo::Stream stream = model.stream(arguments, options);
  zoo::Stream other = model.stream(arguments, options);
  for (std::int64_t begin = 0; begin + chunk <= input.shape()[1]; begin += chunk) {
    zoo::Tensor part = steps_of(input, begin, chunk);
    const zoo::Tensor result = stream.feed(part).at(0).tensor;
    for (float& value : part.values<float>()) value = -value;
    static_cast<void>(other.feed(part));
    const std::vector<std::byte> bytes = zoo::encode_npy(result);
    std::ofstream file(std::string(words[4]) + '.' + std::to_string(begin / chunk) + ".npy",
                       std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
