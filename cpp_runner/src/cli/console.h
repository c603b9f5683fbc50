// Where a command may write while it runs. Its results are returned instead, and printed by main.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "zoo/error.h"
#include "zoo/options.h"

namespace zoo::cli {

struct Console {
  bool terminal = false;                        // whether stderr is one
  std::function<void(std::string_view)> write;  // to stderr, at once
};

struct Outcome {
  std::string text;  // for stdout
  Status status = Status::ok;
};

// Writes a line that does not end the program.
void warn(const Console& console, std::string_view text);
// "[##########----------]  50 % 20/40 rows"
std::string progress_bar(std::int64_t done, std::int64_t total);
// A bar on stderr, drawn over itself. Empty if stderr is not a terminal.
Progress make_progress(const Console& console);

}  // namespace zoo::cli
