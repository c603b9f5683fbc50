// The process-wide switches of this program, thrown before a model is loaded.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/options.h"
#include "zoo/model_file.h"

namespace zoo::cli {

// `batch` decides the number of threads where the user does not: with one row, handing work over takes longer
// than the work.
void set_up_process(const Options& options, const ModelFile& file, std::int64_t batch);

}  // namespace zoo::cli
