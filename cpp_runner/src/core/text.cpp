#include "zoo/text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/message.h"
#include "core/input_checks.h"
#include "zoo/error.h"

namespace zoo {
namespace {

constexpr std::int64_t kLastByte = 255;

bool takes_bytes(const TensorSpec& input) {
  return input.dtype == DType::int64 && input.range && input.range->low == 0 &&
         input.range->high == kLastByte;
}

std::vector<std::string_view> split_words(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(space); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(space, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(space, end);
  }
  return words;
}

void write_bytes(std::string_view text, std::span<std::int64_t> tokens) {
  std::ranges::transform(text.substr(0, tokens.size()), tokens.begin(),
                         [](char c) { return static_cast<std::int64_t>(static_cast<unsigned char>(c)); });
}

Tensor zeros_of(const TensorSpec& input, std::size_t steps) {
  return Tensor(input.dtype, shape_of(input, [&](const std::string& name) -> std::int64_t {
                  return name == "seq_len" ? static_cast<std::int64_t>(steps) : 1;
                }));
}

}  // namespace

Tensor encode_text(const TensorSpec& input, std::string_view text) {
  const bool of_words = input.dims.size() == 3 && input.dims.back().fixed();
  if (!takes_bytes(input) || (input.dims.size() != 2 && !of_words)) {
    throw Error(Status::usage, "the model takes no text: " + quote(input.name) + " is " +
                                   std::string(dtype_name(input.dtype)) + " (" + dims_text(input) +
                                   "), expected bytes 0..255, or words of such bytes");
  }
  if (!of_words) {
    if (text.empty()) throw Error(Status::bad_data, "the text is empty, expected at least one byte");
    Tensor tokens = zeros_of(input, text.size());
    write_bytes(text, tokens.values<std::int64_t>());
    return tokens;
  }
  const std::vector<std::string_view> words = split_words(text);
  if (words.empty()) throw Error(Status::bad_data, "the text has no words, expected at least one");
  Tensor tokens = zeros_of(input, words.size());
  const auto size = static_cast<std::size_t>(input.dims.back().size);
  for (std::size_t i = 0; i < words.size(); ++i) {
    write_bytes(words[i], tokens.values<std::int64_t>().subspan(i * size, size));
  }
  return tokens;
}

std::vector<BestLabel> best_labels(const Labels& labels, const Tensor& scores) {
  const std::size_t size = labels.names.size();
  if (!labels.exclusive || size == 0) {
    throw Error(Status::usage, "the model has no names of which each row of scores means one");
  }
  if (scores.shape().empty() || scores.shape().back() != static_cast<std::int64_t>(size)) {
    throw Error(Status::usage, "scores of shape " + shape_text(scores.shape()) + " are not for " +
                                   std::to_string(size) + " names");
  }
  const Tensor wide = convert(scores, DType::float64, "scores");
  const auto values = wide.values<double>();
  std::vector<BestLabel> found;
  for (std::size_t begin = 0; begin < values.size(); begin += size) {
    const auto row = values.subspan(begin, size);
    const auto best = std::ranges::max_element(row);
    double sum = 0;
    for (const double score : row) sum += std::exp(score - *best);
    found.push_back({labels.names[static_cast<std::size_t>(best - row.begin())], 1 / sum});
  }
  return found;
}

}  // namespace zoo
