// What a model carries from one call to the next.
#pragma once

#include <memory>
#include <vector>

#include "zoo/export.h"
#include "zoo/tensor.h"

namespace zoo {

// The state of a batch of streams between two calls. It stays on the model's device, and a copy is a deep
// one. Use a State in one thread at a time; different threads may use different States.
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
  // Throws Error(bad_data) for a tensor of a dtype that DType does not have.
  [[nodiscard]] std::vector<DType> dtypes() const;
  // Copies in host memory, in the order of Manifest::state.
  [[nodiscard]] std::vector<Tensor> tensors() const;

  struct Impl;

 private:
  friend class TorchModule;
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoo
