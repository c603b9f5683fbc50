#include "zoo/process.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cctype>

#include "base/message.h"
#include "zoo/error.h"
#include "zoo/version.h"

// Declared here rather than included: this one function must work when the rest of LibTorch does not fit, and
// its header includes half of the rest.
extern "C" std::uint64_t aoti_torch_abi_version();

namespace zoo {
namespace {

std::string backend_name(at::QEngine backend) {
  std::string name = c10::toString(backend);
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

class QuietHandler final : public c10::WarningHandler {
 public:
  void process(const c10::Warning&) override {}
};

}  // namespace

void use_threads(std::int64_t count) {
  if (count < 1 || count > kMostThreads) {
    throw Error(Status::usage, std::to_string(count) + " threads were asked for, expected from 1 to " +
                                   std::to_string(kMostThreads));
  }
  at::set_num_threads(static_cast<int>(count));
}
std::int64_t threads() { return at::get_num_threads(); }

void use_quantized_backend(const std::string& name) {
  std::vector<std::string> found;
  for (const at::QEngine backend : at::Context::supportedQEngines()) {
    if (backend == at::QEngine::NoQEngine) continue;
    if (backend_name(backend) == name) {
      at::globalContext().setQEngine(backend);
      return;
    }
    found.push_back(backend_name(backend));
  }
  throw Error(Status::unavailable, "the model needs the quantized backend " + quote(name) +
                                       ", this LibTorch has " + (found.empty() ? "none" : join(found)) +
                                       "; quantize the model on a machine of this kind");
}

std::string quantized_backend() { return backend_name(at::globalContext().qEngine()); }

void use_exact_float32() {
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
}

void use_cudnn(bool on) { at::globalContext().setUserEnabledCuDNN(on); }

void silence_warnings() {
  static QuietHandler handler;  // LibTorch keeps the pointer
  c10::WarningUtils::set_warning_handler(&handler);
}

std::uint64_t libtorch_built() { return TORCH_ABI_VERSION; }
std::uint64_t libtorch_found() { return aoti_torch_abi_version(); }

}  // namespace zoo
