// What a caller can choose when a model is loaded and when it is run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "zoo/export.h"

namespace zoo {

// What runs the LSTM, GRU and RNN layers.
enum class Engine {
  // The fused engine wherever the numbers stay the same: all layers with constant weights on the CPU, except
  // those that PyTorch quantized to int8.
  automatic,
  // The fused engine for these too, with its own int8. A model without a layer that can be fused is refused.
  fused,
  // LibTorch, as the file says.
  aten,
};

// The weights of the fused engine. int8 also quantizes activations as they come, with 8 bits for each row.
enum class Precision { fp32, bf16, int8 };

// "auto", "fused" or "aten".
ZOO_API std::string_view engine_name(Engine engine);
ZOO_API std::optional<Engine> find_engine(std::string_view name);
// "fp32", "bf16" or "int8".
ZOO_API std::string_view precision_name(Precision precision);
ZOO_API std::optional<Precision> find_precision(std::string_view name);

struct LoadOptions {
  std::string device = "cpu";         // "cpu", "cuda" or "cuda:N"
  std::optional<std::string> sha256;  // of the model file, 64 hexadecimal digits
  Engine engine = Engine::automatic;
  Precision precision = Precision::fp32;
};

// Called in the caller's thread after each batch, with the number of rows.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

// For Model::run.
struct RunOptions {
  std::int64_t chunk = 0;       // steps at a time, with the state carried; 0: all at once
  std::int64_t batch_size = 0;  // rows at a time; 0: all at once
  Progress progress;
};

// For Model::call.
struct CallOptions {
  std::string method = "forward";
  // Steps at a time: the first tensor is split along `time_axis`, and outputs of the same length are joined
  // there. 0: all at once.
  std::int64_t chunk = 0;
  std::int64_t time_axis = 1;
  // Rows at a time: tensors as long as the first one are split along dimension 0. 0: all at once.
  std::int64_t batch_size = 0;
  Progress progress;
};

}  // namespace zoo
