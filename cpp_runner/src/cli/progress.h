// A bar on stderr, drawn over itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/console.h"

namespace zoo::cli {

// "[##########----------]  50 % 20/40 rows"
std::string progress_bar(std::int64_t done, std::int64_t total);
// Draws only on a terminal; empty elsewhere.
std::function<void(std::int64_t, std::int64_t)> make_progress(const Console& console);

}  // namespace zoo::cli
