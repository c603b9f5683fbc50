// A TorchScript module on its device. What it is asked has been checked before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device.h"
#include "zoo/model.h"

namespace zoo {

class TorchModule {
 public:
  // Throws Error(bad_data) where LibTorch cannot read the file or its code throws while loading,
  // Error(unavailable) where the options ask for the fused engine and nothing can be fused.
  TorchModule(const ModelFile& file, const DeviceName& device, const LoadOptions& options);
  TorchModule(TorchModule&&) noexcept;
  TorchModule& operator=(TorchModule&&) noexcept;
  ~TorchModule();

  // The contract of an artifact: forward(input, lengths, state) -> (output, state).
  struct Step {
    std::vector<Tensor> outputs;
    State state;
  };
  [[nodiscard]] Step forward(const Tensor& input, const std::optional<Tensor>& lengths,
                             const State& state) const;
  // A stream's next steps: gives the output and moves the state on. Where it throws, the state may have moved
  // on or not.
  Tensor advance(const Tensor& input, State& state) const;
  [[nodiscard]] State initial_state(std::int64_t batch_size) const;

  [[nodiscard]] State make_state(const std::vector<Tensor>& tensors) const;
  // Rows of a state, whose batch is in dimension 1.
  [[nodiscard]] State slice_rows(const State& state, std::int64_t begin, std::int64_t count) const;
  [[nodiscard]] State join_rows(const std::vector<State>& states) const;

  // Any method. Throws Error(bad_data) with the method's schema where the arguments do not fit it.
  [[nodiscard]] std::vector<NamedTensor> call(const std::string& method,
                                              const std::vector<Value>& arguments) const;
  [[nodiscard]] std::vector<std::string> schemas() const;
  [[nodiscard]] const Acceleration& acceleration() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoo
