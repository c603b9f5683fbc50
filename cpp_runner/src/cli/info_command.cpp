#include "cli/commands.h"
#include "cli/process_setup.h"
#include "cli/report.h"

namespace zoo::cli {

Outcome show_info(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  // What the engine makes of it, and the methods of a file without a manifest, are known once it is loaded.
  constexpr std::int64_t one_row = 1;
  set_up_process(options, file, one_row);
  const Model model = Model::load(file, options.load);
  return {options.json ? info_json(file, model) : info_text(file, model), Status::ok};
}

}  // namespace zoo::cli
