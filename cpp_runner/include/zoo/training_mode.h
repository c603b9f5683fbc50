// What a file said of training mode when it was loaded.
#pragma once

#include <string>
#include <vector>

namespace zoo {

struct TrainingMode {
  bool saved_whole = false;             // the whole module was in training mode; it now runs in eval mode
  std::vector<std::string> submodules;  // these are in training mode inside a module that is not, and stay so
  // "aten::dropout" and the like: these act as in training, whatever the mode. Tracing a module in training
  // mode writes that into the file. Dropout then gives other numbers in each call.
  std::vector<std::string> operators;
};

}  // namespace zoo
