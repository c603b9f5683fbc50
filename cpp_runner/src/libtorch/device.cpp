#include "libtorch/device.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/message.h"
#include "zoo/error.h"

namespace zoo {

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

}  // namespace zoo
