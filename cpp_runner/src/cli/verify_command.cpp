#include <algorithm>

#include "cli/commands.h"
#include "cli/process_setup.h"
#include "cli/report.h"
#include "zoo/verify.h"

namespace zoo::cli {

Outcome verify_model(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  // Golden samples are small: one thread is faster than the hand-over between two, and always gives the same.
  constexpr std::int64_t one_row = 1;
  set_up_process(options, file, one_row);
  const Model model = Model::load(file, options.load);
  const std::vector<Check> checks = verify(file, model);
  const bool passed = std::ranges::all_of(checks, &Check::passed);
  return {options.json ? verify_json(describe(options, model), checks) : verify_text(checks),
          passed ? Status::ok : Status::mismatch};
}

}  // namespace zoo::cli
