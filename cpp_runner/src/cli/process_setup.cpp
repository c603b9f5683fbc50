#include "cli/process_setup.h"

#include <thread>

#include "zoo/process.h"

namespace zoo::cli {

void set_up_process(const Options& options, const ModelFile& file, std::int64_t batch) {
  const std::int64_t all = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  use_threads(options.threads.value_or(batch > 1 ? all : 1));
  const auto& manifest = file.manifest();
  if (manifest && manifest->quantization && !manifest->quantization->engine.empty()) {
    use_quantized_engine(manifest->quantization->engine);
  }
}

}  // namespace zoo::cli
