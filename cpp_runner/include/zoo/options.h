// What a caller can choose when a model is loaded and when it is run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // Runs the first calls in LibTorch too, as the file says, and compares. Where the fused engine gives
  // something else, the model goes on in LibTorch, and Model::acceleration says why.
  bool check = false;
};

// Called in the caller's thread after each batch, with the number of rows.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

// Called in the caller's thread with what a result should be judged by: one line.
using Notice = std::function<void(const std::string& text)>;

// For Model::run.
struct RunOptions {
  std::int64_t chunk = 0;       // steps at a time, with the state carried; 0: all at once
  std::int64_t batch_size = 0;  // rows at a time; 0: all at once
  Progress progress;
};

// A result that is the next state: its place, and that of the argument which takes it. "0" is the first of
// several, "1.h" the entry h of the second. The empty place is a result that stands alone.
struct StateLink {
  std::string result;
  std::string argument;
};

// What a method's arguments and results mean in a stream. A file can say it itself, and need not be told: see
// ModelFile::roles.
struct StreamRoles {
  // By default 1, or 0 for a tensor of one dimension.
  std::optional<std::int64_t> time_axis;
  // Which results are states; none where the list is empty. Chunks then need not give what the whole gives:
  // CallOptions::notice hears of it where they do not.
  std::optional<std::vector<StateLink>> states;
  // Results that do not grow with the steps come once for each chunk, stacked along a new first axis.
  bool every_chunk = false;

  // What is said here, and the rest as in `other`.
  [[nodiscard]] StreamRoles or_else(const StreamRoles& other) const {
    return {time_axis ? time_axis : other.time_axis, states ? states : other.states,
            every_chunk || other.every_chunk};
  }
};

// For Model::call.
struct CallOptions {
  std::string method = "forward";
  // Steps at a time; 0: all at once. The first tensor is cut along `time_axis`, and others that have as many
  // steps. What the results mean is found by running a beginning of the input whole and in chunks: results
  // that grow with the steps are joined, a result of the form of an argument is the next state, and any other
  // comes from the last chunk. Where chunks then do not give what the whole gives, for this beginning and for
  // values drawn from the input, the call is refused.
  std::int64_t chunk = 0;
  StreamRoles roles;
  // Rows at a time; 0: all at once. Tensors with as many rows are cut, along dimension 0 or, as states are,
  // along dimension 1. A module that keeps state begins each batch as the first. What the results mean is
  // found, and proved, as for chunks.
  std::int64_t batch_size = 0;
  Progress progress;
  // Hears of states that were found by their shapes alone, of states that the caller says and that do not
  // give what the whole gives, and of results that parts move as the model rounds by the values of a call.
  Notice notice;
};

}  // namespace zoo
