#include "base/message.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace zoo {
namespace {

// Replaces control characters by spaces, and bytes that are not UTF-8 (names in a damaged file) by question
// marks.
std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t length = utf8_length(text, position);
    const auto byte = static_cast<unsigned char>(text[position]);
    if (length == 0) {
      result += '?';
    } else if (byte < 0x20 || byte == 0x7f) {
      result += ' ';
    } else {
      result += text.substr(position, length);
    }
    position += std::max<std::size_t>(length, 1);
  }
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

// Takes out each part that begins with `begin`, up to and with the next `end`.
void erase_each(std::string& line, std::string_view begin, char end) {
  for (std::size_t from = line.find(begin); from != std::string::npos; from = line.find(begin, from)) {
    const std::size_t to = line.find(end, from);
    if (to == std::string::npos) return;
    line.erase(from, to - from + 1);
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (position + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[position + i]) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

std::string quote(std::string_view text) { return "'" + printable(text) + "'"; }

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string result;
  for (const std::string& part : parts) {
    if (!result.empty()) result += separator;
    result += part;
  }
  return result;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string shorten(std::string_view text, std::size_t limit) {
  std::string line = printable(text);
  if (line.size() <= limit) return line;
  constexpr std::string_view gap = " ... ";
  const std::size_t kept = limit - gap.size();
  const std::size_t head = kept / 2;
  // A cut may have gone through a character.
  return printable(line.substr(0, head) + std::string(gap) + line.substr(line.size() - (kept - head)));
}

std::string essential_line(std::string_view message) {
  std::string_view first;
  std::string_view error;
  for (std::size_t begin = 0; begin <= message.size();) {
    const std::size_t end = std::min(message.find('\n', begin), message.size());
    const std::string_view line = trim(message.substr(begin, end - begin));
    if (first.empty()) first = line;
    // Outer frames come first, so the last error is the innermost.
    if (names_an_error(line)) error = line;
    begin = end + 1;
  }
  std::string line(error.empty() ? first : error);
  while (line.ends_with(':')) line.pop_back();  // it announces lines that are left out
  // Addresses, and the numbers that LibTorch gives to classes of one name, change from run to run.
  erase_each(line, " (of Python compilation unit at: ", ')');
  erase_each(line, "___torch_mangle_", '.');
  return line;
}

std::string number_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}

}  // namespace zoo
