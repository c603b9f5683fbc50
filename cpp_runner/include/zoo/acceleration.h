// What happened to the recurrent layers of a file when it was loaded: the fused engine took them, or LibTorch
// kept them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/options.h"

namespace zoo {

// Layers that share one set of packed weights.
struct FusedStack {
  std::string cell;                       // "lstm", "gru", "rnn_tanh" or "rnn_relu"
  Precision precision = Precision::fp32;  // of the packed weights
  // Of the file's weights: "float32", "float16", "int8" (PyTorch's), or "packed" (by a recipe, for the
  // engine).
  std::string origin;
  std::int64_t num_layers = 0;
  std::int64_t num_directions = 0;
  std::int64_t input_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t proj_size = 0;
  std::int64_t calls = 0;  // places in the model's code that run it
};

// Operators around the recurrent layers that the engine runs as one: each step of the output comes from a
// window of the input.
struct FusedOperator {
  std::string op;         // "log_bands": log-mel features; "convolution": over the steps, summed in float64
  std::int64_t size = 0;  // of the window, in steps of the input; for log_bands in samples
  std::int64_t step = 0;  // from a window to the next
  std::int64_t channels = 0;  // of the input
  std::int64_t outputs = 0;
  std::int64_t calls = 0;  // places in the model's code that run it
};

// A recurrent operator that LibTorch still runs.
struct LeftOperator {
  std::string op;  // "aten::lstm"
  std::string reason;
  std::int64_t calls = 0;
};

struct Acceleration {
  std::string isa;  // the instruction set of the engine's kernels, "avx512"; empty where nothing was fused
  std::vector<FusedStack> fused;
  std::vector<FusedOperator> operators;  // in a file whose recurrent layers were fused
  std::vector<LeftOperator> left;
  std::string refusal;        // why the whole file runs unchanged; empty where it does not
  bool check_failed = false;  // LoadOptions::check found the fused engine wrong; `refusal` says how

  [[nodiscard]] std::int64_t fused_layers() const {
    std::int64_t layers = 0;
    for (const FusedStack& stack : fused) layers += stack.num_layers;
    return layers;
  }
  // The cheapest precision among the fused layers; fp32 where nothing was fused.
  [[nodiscard]] Precision precision() const {
    Precision cheapest = Precision::fp32;
    for (const FusedStack& stack : fused) cheapest = std::max(cheapest, stack.precision);
    return cheapest;
  }
};

// "2 of lstm fp32 (32 -> 128)", joined by commas; "none".
ZOO_API std::string acceleration_text(const Acceleration& acceleration);
// "convolution (5 x 32 -> 48)", joined by commas; "none".
ZOO_API std::string operators_text(const Acceleration& acceleration);
// One JSON object with the fields above.
ZOO_API std::string acceleration_json(const Acceleration& acceleration);

}  // namespace zoo
