#include "message.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace zoo {
namespace {

std::string printable(std::string_view text) {
  std::string result(text);
  std::replace_if(result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return result;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "RuntimeError: ..." or "torch.jit.Error: ...": a name without spaces that ends in Error or Exception.
bool names_an_error(std::string_view line) {
  const auto name = line.substr(0, line.find(':'));
  return name.size() < line.size() && name.find(' ') == std::string_view::npos &&
         (name.ends_with("Error") || name.ends_with("Exception"));
}

}  // namespace

std::string quote(std::string_view text) { return "'" + printable(text) + "'"; }

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string result;
  for (const std::string& part : parts) {
    if (!result.empty()) result += separator;
    result += part;
  }
  return result;
}

std::string shorten(std::string_view text, std::size_t limit) {
  std::string line = printable(text);
  if (line.size() <= limit) return line;
  constexpr std::string_view gap = " ... ";
  const std::size_t kept = limit - gap.size();
  const std::size_t head = kept / 2;
  return line.substr(0, head) + std::string(gap) + line.substr(line.size() - (kept - head));
}

std::string essential_line(std::string_view message) {
  std::string_view first;
  std::string_view error;
  for (std::size_t begin = 0; begin <= message.size();) {
    const std::size_t end = std::min(message.find('\n', begin), message.size());
    const std::string_view line = trim(message.substr(begin, end - begin));
    if (first.empty()) first = line;
    // The last one wins: outer frames come first.
    if (names_an_error(line)) error = line;
    begin = end + 1;
  }
  return std::string(error.empty() ? first : error);
}

std::string number_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}

}  // namespace zoo
