// What --help prints.
#pragma once

#include <string>

namespace zoo::cli {

std::string help_text();

}  // namespace zoo::cli
