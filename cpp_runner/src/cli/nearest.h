// The likeliest intention behind a misspelt word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zoo::cli {

// Insertions, deletions and replacements that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);
// The first of the closest ones; `words` is not empty.
std::string nearest(std::string_view word, const std::vector<std::string>& words);

}  // namespace zoo::cli
