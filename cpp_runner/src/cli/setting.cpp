#include "cli/report.h"
#include "zoo/process.h"
#include "zoo/version.h"

namespace zoo::cli {
namespace {

std::string precision_name(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      break;
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "fp32";
}

}  // namespace

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
