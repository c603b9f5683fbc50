#include "libtorch/state.h"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "libtorch/convert.h"

namespace zoo {

void State::Impl::make_own() {
  if (own) return;
  for (at::Tensor& tensor : tensors) tensor = tensor.clone(at::MemoryFormat::Contiguous);
  own = true;
}

State::State() = default;
State::State(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

State::State(const State& other) {
  if (other.impl_ == nullptr) return;
  const c10::InferenceMode inference;
  impl_ = std::make_unique<Impl>(Impl{other.impl_->tensors});
  impl_->make_own();
}

State& State::operator=(const State& other) { return *this = State(other); }

bool State::empty() const { return impl_ == nullptr || impl_->tensors.empty(); }

std::vector<Shape> State::shapes() const {
  std::vector<Shape> shapes;
  if (impl_ == nullptr) return shapes;
  for (const at::Tensor& tensor : impl_->tensors) shapes.push_back(tensor.sizes().vec());
  return shapes;
}

std::vector<DType> State::dtypes() const {
  std::vector<DType> dtypes;
  if (impl_ == nullptr) return dtypes;
  for (const at::Tensor& tensor : impl_->tensors) dtypes.push_back(dtype_of(tensor));
  return dtypes;
}

std::vector<Tensor> State::tensors() const {
  std::vector<Tensor> tensors;
  if (impl_ == nullptr) return tensors;
  for (const at::Tensor& tensor : impl_->tensors) tensors.push_back(from_torch(tensor));
  return tensors;
}

}  // namespace zoo
