// Text in and labels out, for artifacts whose tokens are bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

// A text as the input of an artifact whose tokens are the bytes 0..255: (1, bytes) where a step is a byte,
// and (1, words, bytes of a word) where a step is a word. Words are what stands between spaces, tabs and line
// ends; a longer word is cut, a shorter one padded with 0. Throws Error(usage) where the input is anything
// else, and Error(bad_data) for a text without a byte or a word.
ZOO_API Tensor encode_text(const TensorSpec& input, std::string_view text);

// The label of the largest score of a row, and its probability: its share in the softmax of the row.
struct BestLabel {
  std::string name;
  double probability = 0;
};

// That of each row, such as a word, in their order. Throws Error(usage) where the model has no names of which
// one holds, or the scores are not for them.
ZOO_API std::vector<BestLabel> best_labels(const Labels& labels, const Tensor& scores);

}  // namespace zoo
