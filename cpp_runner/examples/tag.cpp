// Names the parts of speech of the words of a text, or its language: text in, labels out.
//   tag model.pt "The dog barks ."
#include <iostream>
#include <string>
#include <vector>

#include "zoo/model.h"
#include "zoo/text.h"

int main(int count, char** words) try {
  if (count != 3) return 64;
  const zoo::Model model = zoo::Model::load(words[1]);
  if (!model.manifest()) return 65;
  zoo::Inputs inputs;
  inputs.input = zoo::encode_text(model.manifest()->inputs.front(), words[2]);
  const zoo::Result result = model.run(inputs);
  for (const zoo::BestLabel& label :
       zoo::best_labels(model.manifest()->labels, result.outputs.front().tensor)) {
    std::cout << label.name << '\n';
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
