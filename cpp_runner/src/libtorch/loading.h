// From the bytes of a file to a module on its device, with its engine chosen.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "acceleration/accelerate.h"
#include "core/device.h"
#include "zoo/model_file.h"
#include "zoo/options.h"
#include "zoo/training_mode.h"

namespace zoo {

// Loads LibTorch's CUDA library if needed. Throws Error(unavailable) when the device is not there.
c10::Device open_device(const DeviceName& name);

// Throws Error(bad_data) when LibTorch cannot read the file.
torch::jit::Module load_module(const ModelFile& file, const c10::Device& device);

// A file that was saved in training mode runs in eval mode, against dropout. Submodules that are in training
// mode inside a module that is not were put there on purpose, and stay. Returns which they are, and the
// operators that act as in training all the same.
TrainingMode settle_training_mode(torch::jit::Module& module);

// Runs the pass, unless the options or the device leave the module to LibTorch. Throws Error(unavailable)
// where the options ask for what the pass cannot do.
Accelerated choose_engine(torch::jit::Module module, const DeviceName& device, const LoadOptions& options);

}  // namespace zoo
