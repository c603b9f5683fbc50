#include "cli/commands.h"
#include "cli/report.h"

namespace zoo::cli {

Outcome show_info(const Options& options) {
  const ModelFile file = ModelFile::open(options.model, options.load.sha256);
  std::vector<std::string> methods;
  // A manifest says it all; any other file has to be loaded for it.
  if (!file.manifest()) methods = Model::load(file, options.load).method_schemas();
  return {options.json ? info_json(file, methods) : info_text(file, methods), Status::ok};
}

}  // namespace zoo::cli
