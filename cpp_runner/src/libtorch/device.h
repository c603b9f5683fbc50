// From the name of a device to the device. This header includes LibTorch.
#pragma once

#include <c10/core/Device.h>

#include "core/device.h"

namespace zoo {

// Loads LibTorch's CUDA library if needed. Throws Error(unavailable) when the device is not there.
c10::Device open_device(const DeviceName& name);

}  // namespace zoo
