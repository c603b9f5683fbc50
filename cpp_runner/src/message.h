// The wording of messages.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace zoo {

// 'text', control characters replaced.
std::string quote(std::string_view text);
// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");
// One line of at most `limit` characters: what is too much goes from the middle, as both ends carry meaning.
std::string shorten(std::string_view text, std::size_t limit);
// LibTorch's messages run over many lines; this is the one that says what happened.
std::string essential_line(std::string_view message);
// "12.4"-like: six significant digits.
std::string number_text(double value);

}  // namespace zoo
