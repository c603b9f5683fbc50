// Switches that hold for the whole process. The library never throws one by itself: a program that embeds it
// may have other users of LibTorch. cpp_runner calls these from main.
#pragma once

#include <cstdint>
#include <string>

#include "zoo/export.h"

namespace zoo {

// Threads LibTorch computes one operator with.
ZOO_API void use_threads(std::int64_t count);
ZOO_API std::int64_t threads();

// The engine of LibTorch's quantized operators: "x86", "fbgemm", "onednn", "qnnpack". A quantized artifact
// names the one it needs in its manifest, and Model::load throws Error(unavailable) where another one is
// chosen. Throws Error(unavailable) where this LibTorch does not have it.
ZOO_API void use_quantized_engine(const std::string& name);
ZOO_API std::string quantized_engine();

// Full float32 products on CUDA: no TF32, in matrix products and in cuDNN.
ZOO_API void use_exact_float32();

// LibTorch's warnings go nowhere instead of to stderr.
ZOO_API void silence_warnings();

}  // namespace zoo
