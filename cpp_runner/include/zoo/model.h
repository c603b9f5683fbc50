// A loaded model: run it whole, in chunks with carried state, or in batches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "zoo/acceleration.h"
#include "zoo/error.h"
#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/model_file.h"
#include "zoo/tensor.h"

namespace zoo {

// Who runs LSTM, GRU and RNN layers. `aten`: LibTorch, as the file says. `automatic`: the fused engine
// wherever the numbers stay the same, that is all layers with constant weights on the CPU except those that
// PyTorch quantized to int8. `fused`: these too, in the engine's own int8; a model of which nothing can be
// fused is refused.
enum class Engine { automatic, fused, aten };
// Of the fused engine's weights. int8 quantizes activations as they come, 8 bits for each row.
enum class Precision { fp32, bf16, int8 };

struct LoadOptions {
  std::string device = "cpu";  // "cpu", "cuda" or "cuda:N"
  std::optional<std::string> sha256;
  Engine engine = Engine::automatic;
  Precision precision = Precision::fp32;
};

// The state of a batch of streams between two calls. It stays on the model's device. A copy is a deep one.
class ZOO_API State {
 public:
  State();  // empty: a sequence that has not begun
  State(const State&);
  State(State&&) noexcept;
  State& operator=(const State&);
  State& operator=(State&&) noexcept;
  ~State();

  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::vector<Shape> shapes() const;
  // Copies in host memory, in the order of Manifest::state.
  [[nodiscard]] std::vector<Tensor> tensors() const;

  struct Impl;

 private:
  friend class TorchModule;
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One call of an artifact.
struct Inputs {
  Tensor input;  // as Manifest::inputs[0]; float64 and integers are converted where that is safe
  std::optional<Tensor> lengths;  // int64 or int32 (batch,), each 1..seq_len
  State state;                    // empty: the beginning
  bool allow_nonfinite = false;   // let NaN and Inf through
};

struct RunOptions {
  std::int64_t chunk = 0;       // steps at a time, carrying the state; 0: all at once
  std::int64_t batch_size = 0;  // rows at a time; 0: all at once
  std::function<void(std::int64_t done, std::int64_t total)> progress;  // rows, after each batch
};

struct Result {
  std::vector<NamedTensor> outputs;
  State state;
};

// An argument of a TorchScript method; monostate is None.
using Value = std::variant<std::monostate, Tensor, std::int64_t, double, bool, std::string>;

struct CallOptions {
  std::string method = "forward";
  std::int64_t chunk = 0;  // split the first tensor along time_axis, join outputs of the same length there
  std::int64_t time_axis = 1;
  std::int64_t batch_size = 0;  // split tensors as long as the first one along dimension 0
  std::function<void(std::int64_t done, std::int64_t total)> progress;
};

class ZOO_API Model {
 public:
  // Throws Error: what ModelFile::open throws, unavailable (device, engine, precision), bad_data.
  static Model load(const std::filesystem::path& path, const LoadOptions& options = {});
  static Model load(const ModelFile& file, const LoadOptions& options = {});
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  [[nodiscard]] const std::optional<Manifest>& manifest() const;
  [[nodiscard]] const std::string& device() const;
  [[nodiscard]] std::string engine() const;  // the one in use: "fused", or "aten" where nothing is
  [[nodiscard]] const Acceleration& acceleration() const;

  // The functions below need an artifact; they throw Error(usage) on a file without a manifest.
  // Inputs are checked against the manifest first: Error(bad_data) names the value and what is legal.
  [[nodiscard]] Result run(const Inputs& inputs, const RunOptions& options = {}) const;
  // Feeds the next steps of a stream and advances `state`; returns the first output. Where the model itself
  // fails, the state may have moved on or not; a refused input leaves it as it was.
  Tensor run(const Tensor& input, State& state) const;
  // Zeros, or what the model begins with. Error(usage) where the model is not streamable.
  [[nodiscard]] State initial_state(std::int64_t batch_size) const;
  // A state from what State::tensors() gave. Error(bad_data) where the shapes do not fit the manifest.
  [[nodiscard]] State state_from(const std::vector<Tensor>& tensors, bool allow_nonfinite = false) const;

  // Any method of any TorchScript file. Tuples, lists and dicts are flattened into names: "output", or "0",
  // "1.h".
  [[nodiscard]] std::vector<NamedTensor> call(const std::vector<Value>& arguments,
                                              const CallOptions& options = {}) const;
  // "forward(Tensor input) -> Tensor", sorted.
  [[nodiscard]] std::vector<std::string> method_schemas() const;

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoo
