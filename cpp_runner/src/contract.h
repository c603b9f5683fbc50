// The checks between a user's tensors and a model's manifest. LibTorch itself accepts swapped axes, NaN,
// int32 tokens and empty batches in silence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zoo/manifest.h"
#include "zoo/model.h"

namespace zoo {

// The input as the manifest wants it: the caller's, which has to outlive this, or a converted copy; the
// lengths as int64.
struct CheckedInputs {
  const Tensor* given = nullptr;
  std::optional<Tensor> converted;
  std::optional<Tensor> lengths;
  std::int64_t batch = 0;
  std::int64_t seq_len = 0;

  [[nodiscard]] const Tensor& input() const { return converted ? *converted : *given; }
};
// Throws Error(bad_data).
CheckedInputs check_inputs(const Manifest& manifest, const Tensor& input,
                           const std::optional<Tensor>& lengths, bool allow_nonfinite);

// `batch` 0 accepts any, as long as all tensors agree. Throws Error(bad_data).
void check_state_shapes(const Manifest& manifest, const std::vector<Shape>& shapes, std::int64_t batch);
// The same for dtypes and values; converts like inputs.
std::vector<Tensor> check_state(const Manifest& manifest, const std::vector<Tensor>& tensors,
                                bool allow_nonfinite);

// Any tensor for any TorchScript file: not empty, and finite unless allowed.
void check_plain_input(const std::string& name, const Tensor& tensor, bool allow_nonfinite);

// Converts between float32, float64, int32 and int64 where no information of note is lost: never from a
// floating-point to an integer type. Throws Error(bad_data).
Tensor convert(const Tensor& tensor, DType dtype, const std::string& name);

}  // namespace zoo
