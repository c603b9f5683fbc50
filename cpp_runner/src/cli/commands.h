// One function for each command of the program.
#pragma once

#include "cli/console.h"
#include "cli/flags.h"

namespace zoo::cli {

// All throw Error. Then no file has been written.
Outcome run_model(const Options& options, const Console& console);
Outcome show_info(const Options& options);
Outcome verify_model(const Options& options);
Outcome benchmark_model(const Options& options);

}  // namespace zoo::cli
