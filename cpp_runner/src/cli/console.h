// Where a command may write while it runs. Results are returned instead, and printed by main.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "zoo/error.h"

namespace zoo::cli {

struct Console {
  bool terminal = false;                        // stderr is one
  std::function<void(std::string_view)> write;  // to stderr, at once
};

struct Outcome {
  std::string text;  // for stdout
  Status status = Status::ok;
};

}  // namespace zoo::cli
