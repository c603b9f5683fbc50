#include "cli/report.h"
#include "precision.h"
#include "zoo/process.h"
#include "zoo/version.h"

namespace zoo::cli {

Setting describe(const Options& options, const Model& model) {
  Setting setting;
  setting.model = options.model.native();
  setting.device = model.device();
  setting.torch = libtorch_version_text(libtorch_found());
  setting.engine = model.engine();
  setting.precision = precision_name(options.load.precision);
  if (model.manifest() && model.manifest()->quantization) setting.quantized_engine = quantized_engine();
  setting.threads = threads();
  setting.acceleration = model.acceleration();
  return setting;
}

}  // namespace zoo::cli
