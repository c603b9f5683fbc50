// Names what is said in a recording: a WAV file in, a label out.
//   listen model.pt word.wav
#include <iostream>

#include "zoo/model.h"
#include "zoo/sound.h"
#include "zoo/text.h"

int main(int count, char** words) try {
  if (count != 3) return 64;
  const zoo::Model model = zoo::Model::load(words[1]);
  if (!model.manifest()) return 65;
  zoo::Inputs inputs;
  inputs.input = zoo::encode_sound(*model.manifest(), zoo::read_wav(words[2]));
  const zoo::Result result = model.run(inputs);
  for (const zoo::BestLabel& label :
       zoo::best_labels(model.manifest()->labels, result.outputs.front().tensor)) {
    std::cout << label.name << ' ' << label.probability << '\n';
  }
  return 0;
} catch (const zoo::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.status());
}
