#include "libtorch/loading.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <dlfcn.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "acceleration/training_operators.h"
#include "base/message.h"
#include "libtorch/errors.h"
#include "zoo/error.h"

namespace zoo {
namespace {

// LibTorch reads the bytes whose checksums were compared, not the file a second time.
class BytesReader final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit BytesReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  size_t size() const override { return bytes_.size(); }
  size_t read(uint64_t position, void* buffer, size_t count, const char*) const override {
    if (position >= bytes_.size()) return 0;
    const std::size_t available = std::min<std::size_t>(count, bytes_.size() - position);
    std::memcpy(buffer, bytes_.data() + position, available);
    return available;
  }

 private:
  std::span<const std::byte> bytes_;
};

// An engine or a precision that was asked for must not silently be another one.
void require_fused(const Acceleration& acceleration) {
  if (!acceleration.fused.empty()) return;
  std::string why = acceleration.refusal;
  if (!acceleration.left.empty())
    why += ": " + acceleration.left.front().op + ": " + acceleration.left.front().reason;
  throw Error(Status::unavailable,
              "the fused engine cannot run this model: " + why + "; let the engine be chosen", Hint::engine);
}

}  // namespace

c10::Device open_device(const DeviceName& name) {
  if (!name.cuda) return c10::Device(c10::kCPU);
  const auto fail = [&](const std::string& reason) {
    throw Error(Status::unavailable,
                "device " + quote(name.text()) + " is not available: " + reason + "; use the CPU",
                Hint::device);
  };
  // It is not linked, so that one build serves machines with and without CUDA. It registers itself when it is
  // loaded, and LibTorch looks for it only once: nothing may ask LibTorch about CUDA before.
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* const reason = ::dlerror();
    const bool absent =
        reason == nullptr || std::string_view(reason).find("libtorch_cuda.so: cannot open") == 0;
    fail(absent ? "this LibTorch is a CPU build" : shorten(reason, 80));
  }
  const std::int64_t count = at::detail::getCUDAHooks().deviceCount();
  if (count == 0) fail("no CUDA device or driver was found");
  if (name.index >= count) fail(std::to_string(count) + " CUDA devices were found, counted from 0");
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(name.index));
}

torch::jit::Module load_module(const ModelFile& file, const c10::Device& device) {
  return translate_errors("LibTorch cannot load " + quote(file.path().filename().native()), [&] {
    return torch::jit::load(std::make_shared<BytesReader>(file.bytes()), device);
  });
}

TrainingMode settle_training_mode(torch::jit::Module& module) {
  const auto slot = module.type()->findAttributeSlot("training");  // a frozen module has none
  const bool whole = slot && module._ivalue()->getSlot(*slot).toBool();
  if (whole) module.eval();
  return {whole, training_submodules(module), training_operators(module)};
}

Accelerated choose_engine(torch::jit::Module module, const DeviceName& device, const LoadOptions& options) {
  if (options.engine == Engine::aten)
    return unchanged(std::move(module), "LibTorch's own engine was asked for");
  const bool required = options.engine == Engine::fused || options.precision != Precision::fp32;
  Accelerated result = device.cuda ? unchanged(std::move(module), "the fused engine runs on the CPU only")
                                   : accelerate(module, {options.precision, options.engine == Engine::fused});
  if (required) require_fused(result.acceleration);
  return result;
}

}  // namespace zoo
