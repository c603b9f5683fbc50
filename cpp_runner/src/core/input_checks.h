// The checks between a user's tensors and a model's manifest. LibTorch itself silently accepts swapped axes,
// NaN, int32 tokens and empty batches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

// The input as the manifest wants it: a converted copy, or the caller's, which must outlive this object. The
// lengths are int64.
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

// With `batch` 0 any batch is accepted that all tensors share. Throws Error(bad_data).
void check_state_shapes(const Manifest& manifest, const std::vector<Shape>& shapes, std::int64_t batch);
void check_state_dtypes(const Manifest& manifest, const std::vector<DType>& dtypes);
// Checks values too, and converts them like inputs.
std::vector<Tensor> check_state(const Manifest& manifest, const std::vector<Tensor>& tensors,
                                bool allow_nonfinite);

// Why the state of a model that is not streamable cannot be carried: "it returns no state".
std::string why_not_streamable(const Manifest& manifest);

// Checks a tensor for any TorchScript file: finite unless `allow_nonfinite`. It may be empty, as the state of
// a stream that begins is in some files; the model itself refuses what it cannot take.
void check_plain_input(const std::string& name, const Tensor& tensor, bool allow_nonfinite);

// Converts from any dtype to float32, float64, int32 or int64, but never from a floating-point to an integer
// type. Throws Error(bad_data).
Tensor convert(const Tensor& tensor, DType dtype, const std::string& name);

}  // namespace zoo
