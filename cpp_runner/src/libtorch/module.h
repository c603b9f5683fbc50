// A TorchScript module on its device. The caller has checked what it passes. Const functions may be called
// from several threads at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/device.h"
#include "zoo/acceleration.h"
#include "zoo/model_file.h"
#include "zoo/options.h"
#include "zoo/state.h"
#include "zoo/tensor.h"
#include "zoo/training_mode.h"
#include "zoo/value.h"

namespace zoo {

class TorchModule {
 public:
  // Throws Error(bad_data) when LibTorch cannot read the file or its code throws while loading,
  // Error(unavailable) when the device is not there, or the fused engine is asked for and can fuse nothing.
  TorchModule(const ModelFile& file, const DeviceName& device, const LoadOptions& options);
  TorchModule(TorchModule&&) noexcept;
  TorchModule& operator=(TorchModule&&) noexcept;
  ~TorchModule();

  // One call of an artifact: forward(input, lengths, state) -> (output, state).
  struct Step {
    std::vector<Tensor> outputs;
    State state;
  };
  [[nodiscard]] Step forward(const Tensor& input, const std::optional<Tensor>& lengths,
                             const State& state) const;
  // Runs the next steps of a stream, advances `state` and gives the output. When it throws, `state` may or
  // may not have advanced.
  Tensor advance(const Tensor& input, State& state) const;
  [[nodiscard]] State initial_state(std::int64_t batch_size) const;

  [[nodiscard]] State make_state(const std::vector<Tensor>& tensors) const;
  // Some rows of a state, whose batch is in dimension 1.
  [[nodiscard]] State slice_rows(const State& state, std::int64_t begin, std::int64_t count) const;
  [[nodiscard]] State join_rows(const std::vector<State>& states) const;

  // Calls any method. Throws Error(bad_data) with the method's schema when the arguments do not fit it.
  [[nodiscard]] Value call(const std::string& method, const std::vector<Value>& arguments) const;
  // The arguments, and the defaults of those that were left out.
  [[nodiscard]] std::vector<Value> complete(const std::string& method, std::vector<Value> arguments) const;
  // A module that goes on from the same state by itself. It shares what no call changes.
  [[nodiscard]] TorchModule copy() const;
  // Whether a call may change the module.
  [[nodiscard]] bool keeps_state() const;
  // How far another number of rows or steps may move a result, as a share of its range.
  [[nodiscard]] double rounding_share() const;
  [[nodiscard]] std::vector<std::string> schemas() const;
  [[nodiscard]] const Acceleration& acceleration() const;
  [[nodiscard]] const TrainingMode& training_mode() const;

 private:
  struct Impl;
  explicit TorchModule(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoo
