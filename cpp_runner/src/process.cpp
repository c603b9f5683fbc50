#include "zoo/process.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <algorithm>
#include <cctype>

#include "device.h"
#include "message.h"
#include "zoo/error.h"

namespace zoo {
namespace {

std::string engine_name(at::QEngine engine) {
  std::string name = c10::toString(engine);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

class QuietHandler final : public c10::WarningHandler {
 public:
  void process(const c10::Warning&) override {}
};

}  // namespace

void use_threads(std::int64_t count) { at::set_num_threads(static_cast<int>(count)); }
std::int64_t threads() { return at::get_num_threads(); }

void use_quantized_engine(const std::string& name) {
  std::vector<std::string> found;
  for (const at::QEngine engine : at::Context::supportedQEngines()) {
    if (engine == at::QEngine::NoQEngine) continue;
    if (engine_name(engine) == name) {
      at::globalContext().setQEngine(engine);
      return;
    }
    found.push_back(engine_name(engine));
  }
  throw Error(Status::unavailable, "the model needs the quantized engine " + quote(name) +
                                       ", this LibTorch has " + (found.empty() ? "none" : join(found)) +
                                       "; quantize the model on a machine of this kind");
}

std::string quantized_engine() { return engine_name(at::globalContext().qEngine()); }

void use_exact_float32() {
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
}

void silence_warnings() {
  static QuietHandler handler;  // LibTorch keeps the pointer
  c10::WarningUtils::set_warning_handler(&handler);
}

void require_device(const DeviceName& device) {
  if (!device.cuda) return;
  const auto fail = [&](const std::string& reason) {
    throw Error(Status::unavailable,
                "device " + quote(device.text()) + " is not available: " + reason + "; use --device cpu");
  };
  // Not linked, so that one build serves machines with and without CUDA. It registers itself when loaded, and
  // LibTorch looks for it only once: nothing may ask LibTorch about CUDA before.
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* const reason = ::dlerror();
    const bool absent =
        reason == nullptr || std::string_view(reason).find("libtorch_cuda.so: cannot open") == 0;
    fail(absent ? "this LibTorch is a CPU build" : shorten(reason, 80));
  }
  const std::int64_t count = at::detail::getCUDAHooks().deviceCount();
  if (count == 0) fail("no CUDA device or driver was found");
  if (device.index >= count) fail(std::to_string(count) + " CUDA devices were found, counted from 0");
}

}  // namespace zoo
