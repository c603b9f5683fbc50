// Process-wide settings. The library never changes them itself, because other parts of a program may use
// LibTorch too. Call these functions before other threads begin.
#pragma once

#include <cstdint>
#include <string>

#include "zoo/export.h"

namespace zoo {

// More threads than this make no machine faster. Where the system gives a process fewer, OpenMP ends the
// process, or it crashes.
inline constexpr std::int64_t kMostThreads = 1024;

// The number of threads with which LibTorch and the fused engine compute one call. Throws Error(usage) unless
// it is from 1 to kMostThreads.
ZOO_API void use_threads(std::int64_t count);
ZOO_API std::int64_t threads();

// The backend of LibTorch's quantized operators: "x86", "fbgemm", "onednn" or "qnnpack". A quantized artifact
// names the one that it needs in its manifest, and Model::load throws Error(unavailable) when the process
// uses another one. Throws Error(unavailable) when this LibTorch does not have the backend.
ZOO_API void use_quantized_backend(const std::string& name);
ZOO_API std::string quantized_backend();

// Computes float32 products on CUDA in full: no TF32, in matrix products and in cuDNN.
ZOO_API void use_exact_float32();

// Whether LibTorch uses cuDNN's recurrent layers on CUDA. They are fast, and their tanh and sigmoid are off
// by up to 7e-6; LibTorch's own are as exact as on the CPU.
ZOO_API void use_cudnn(bool on);

// Drops LibTorch's warnings, which otherwise go to stderr.
ZOO_API void silence_warnings();

}  // namespace zoo
