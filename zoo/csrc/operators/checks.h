#pragma once

// Checks of what an operator is given. Their errors say what, what was expected, what came and what to do.

#include <torch/csrc/stable/tensor.h>

#include <initializer_list>
#include <ostream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/packed_weights.h"
#include "engine/stack.h"

namespace zoo::engine {

using torch::stable::Tensor;

// The name of an operator in parts, so that it is put together only for an error.
struct OperatorName {
  std::string_view prefix, name, suffix;

  OperatorName(const char* whole) : name(whole) {}  // NOLINT: a plain name is an operator's name
  OperatorName(std::string_view prefix, std::string_view name, std::string_view suffix)
      : prefix(prefix), name(name), suffix(suffix) {}
};
inline std::ostream& operator<<(std::ostream& stream, const OperatorName& op) {
  return stream << "zoo::" << op.prefix << op.name << op.suffix;
}

template <class... Parts>
[[noreturn]] void fail(const OperatorName& op, const Parts&... parts) {
  std::ostringstream message;
  message << op << ": ";
  (message << ... << parts);
  throw std::runtime_error(message.str());
}

// "portable, avx2 or avx512"
std::string alternatives(const std::vector<std::string_view>& names);

// "(2, 3, 4)"
std::string shape_text(const Tensor& tensor);

// Accepts a float32 tensor on the CPU, of any shape ...
void check_floats(const OperatorName& op, const char* name, const Tensor& tensor);

// ... or with these dims, -1 for any.
void check_floats(const OperatorName& op, const char* name, const Tensor& tensor,
                  std::initializer_list<int64_t> dims);

// Checks the same and returns the tensor itself if it is contiguous, otherwise a contiguous copy.
Tensor contiguous_floats(const OperatorName& op, const char* name, const Tensor& tensor,
                         std::initializer_list<int64_t> dims);

// Accepts pairs of finite numbers, smallest and largest, with 0 between them.
Tensor check_ranges(const OperatorName& op, const Tensor& ranges, std::initializer_list<int64_t> dims);

// Accepts the bytes that a pack operator makes, and returns them.
const Tensor& check_bytes(const OperatorName& op, const Tensor& packed);

// Accepts packed weights of any cell.
StackSizes check_packed(const OperatorName& op, const Tensor& packed);

Precision find_precision(const OperatorName& op, std::string_view name);

// Accepts at most kLargestBatch rows.
int check_batch(const OperatorName& op, int64_t batch);

// Uninitialized, on the CPU.
Tensor empty_floats(std::span<const int64_t> dims);
Tensor empty_floats(std::initializer_list<int64_t> dims);
Tensor empty_bytes(int64_t bytes);

inline const float* read(const Tensor& tensor) { return static_cast<const float*>(tensor.data_ptr()); }
inline float* write(const Tensor& tensor) { return static_cast<float*>(tensor.data_ptr()); }

}  // namespace zoo::engine
