// The wording of messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace zoo {

// 'text', control characters replaced.
std::string quote(std::string_view text);
// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");
// The parts between separators; at least one.
std::vector<std::string> split(std::string_view text, char separator);
// One line of at most `limit` characters. A longer text loses its middle, because both ends carry meaning.
std::string shorten(std::string_view text, std::size_t limit);
// The line that says what happened, out of the many of LibTorch's messages.
std::string essential_line(std::string_view message);
// The length of the UTF-8 character at `position`; 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t position);
// Six significant digits: "12.4".
std::string number_text(double value);

}  // namespace zoo
