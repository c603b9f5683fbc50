#include "cli/console.h"

#include <cstdint>
#include <memory>

namespace zoo::cli {

void warn(const Console& console, std::string_view text) {
  console.write("cpp_runner: warning: " + std::string(text) + "\n");
}

std::string progress_bar(std::int64_t done, std::int64_t total) {
  constexpr std::int64_t width = 40;
  const auto filled = static_cast<std::size_t>(done * width / total);
  std::string percent = std::to_string(done * 100 / total);
  percent.insert(0, 3 - percent.size(), ' ');
  return "[" + std::string(filled, '#') + std::string(static_cast<std::size_t>(width) - filled, '-') + "] " +
         percent + " % " + std::to_string(done) + "/" + std::to_string(total) + " rows";
}

Progress make_progress(const Console& console) {
  if (!console.terminal) return {};
  const auto drawn = std::make_shared<std::string>();
  return [drawn, write = console.write](std::int64_t done, std::int64_t total) {
    const std::string bar = progress_bar(done, total);
    if (bar == *drawn) return;
    *drawn = bar;
    // A full bar is erased, so that the next text begins on an empty line.
    write(done == total ? "\r\x1b[K" : "\r" + bar);
  };
}

}  // namespace zoo::cli
