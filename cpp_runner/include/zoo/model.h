// A loaded model: run it whole, in chunks with the state carried, or in batches.
//
//   const zoo::Model model = zoo::Model::load("model.pt");
//   zoo::State state = model.initial_state(1);
//   const std::vector<float> samples(7 * 12, 0.5F);  // seven steps of twelve features
//   for (int chunk = 0; chunk < 10; ++chunk) {
//     const zoo::Tensor output = model.run(zoo::Tensor::of({1, 7, 12}, samples), state);
//     std::cout << output.values<float>()[0] << '\n';
//   }
//
// Threads. Load as many models as you like from as many threads as you like. All const functions of one Model
// may be called from several threads at the same time, so one Model serves many streams: give each stream a
// State of its own. There are two exceptions. A TorchScript method that changes the module itself, such as
// one that keeps its state inside, must be called by one thread at a time (a Stream has its own state).
// Moving or destroying a Model must not overlap with any other use of it. The functions of zoo/process.h hold
// for the whole process: call them before the threads begin.
//
// Ownership and copies. Inputs, outputs and States are values: the model copies what it is given, what it
// returns belongs to the caller, and neither keeps a reference to the other. A Model keeps what it needs of a
// ModelFile, which may be destroyed after loading. A State may outlive its Model. It may be used with another
// Model of the same file on the same device.
//
// Every function may throw zoo::Error. Nothing here prints, exits, or changes a setting of the process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zoo/acceleration.h"
#include "zoo/error.h"
#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/model_file.h"
#include "zoo/options.h"
#include "zoo/state.h"
#include "zoo/stream.h"
#include "zoo/tensor.h"
#include "zoo/training_mode.h"
#include "zoo/value.h"

namespace zoo {

// One call of an artifact.
struct Inputs {
  Tensor input;  // as Manifest::inputs[0]; float64 and integers are converted where that is safe
  // int64 or int32 (batch,), each 0..seq_len; a row of length 0 keeps its state
  std::optional<Tensor> lengths;
  State state;                   // empty: the beginning
  bool allow_nonfinite = false;  // let NaN and Inf through
};

struct Result {
  std::vector<NamedTensor> outputs;  // in the order of Manifest::outputs
  State state;
};

class ZOO_API Model {
 public:
  // Reads the file, checks it, and loads it. Throws Error: what ModelFile::open throws, unavailable (device,
  // engine, precision), bad_data.
  static Model load(const std::filesystem::path& path, const LoadOptions& options = {});
  static Model load(const ModelFile& file, const LoadOptions& options = {});
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  // Absent in a TorchScript file that this project did not write.
  [[nodiscard]] const std::optional<Manifest>& manifest() const;
  // "cpu" or "cuda:N".
  [[nodiscard]] const std::string& device() const;
  // The engine in use: fused, or aten where no layer is fused.
  [[nodiscard]] Engine engine() const;
  [[nodiscard]] const Acceleration& acceleration() const;
  // Dropout and the like: which parts of the file are, or were, in training mode.
  [[nodiscard]] const TrainingMode& training_mode() const;

  // The functions below need an artifact; they throw Error(usage) on a file without a manifest. They check
  // the inputs against the manifest first: Error(bad_data) names the value and what is legal.
  [[nodiscard]] Result run(const Inputs& inputs, const RunOptions& options = {}) const;
  // Feeds the next steps of a stream and advances `state`; returns the first output. A refused input leaves
  // `state` as it was. When the model itself fails, `state` may or may not have advanced.
  Tensor run(const Tensor& input, State& state) const;
  // The state of a sequence that begins: zeros, or what the model begins with. Throws Error(usage) when the
  // model is not streamable.
  [[nodiscard]] State initial_state(std::int64_t batch_size) const;
  // A state from what State::tensors() gave. Throws Error(bad_data) when the shapes do not fit the manifest.
  [[nodiscard]] State state_from(const std::vector<Tensor>& tensors, bool allow_nonfinite = false) const;

  // Calls any method of any TorchScript file. Tuples, lists and dicts are flattened into names: "output", or
  // "0", "1.h".
  [[nodiscard]] std::vector<NamedTensor> call(const std::vector<Value>& arguments,
                                              const CallOptions& options = {}) const;
  // A stream of such calls. `arguments` are those of the first call; any tensor may stand in place of the
  // first chunk.
  [[nodiscard]] Stream stream(const std::vector<Value>& arguments, const StreamOptions& options = {}) const;
  // "forward(Tensor input) -> Tensor", sorted.
  [[nodiscard]] std::vector<std::string> method_schemas() const;

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoo
