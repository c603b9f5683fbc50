// What a file said of training mode when it was loaded.
#pragma once

#include <string>
#include <vector>

namespace zoo {

struct TrainingMode {
  bool saved_whole = false;             // the whole module was in training mode; it now runs in eval mode
  std::vector<std::string> submodules;  // these are in training mode inside a module that is not, and stay so
};

}  // namespace zoo
