#pragma once

// Checks that every operator makes of what it is given, with errors that say what, expected, got, what to do.

#include <torch/csrc/stable/tensor.h>

#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/packed_weights.h"

namespace zoo {

using torch::stable::Tensor;

template <class... Parts>
[[noreturn]] void fail(const char* op, const Parts&... parts) {
  std::ostringstream message;
  message << "zoo::" << op << ": ";
  (message << ... << parts);
  throw std::runtime_error(message.str());
}

// "(2, 3, 4)"
std::string shape_text(const Tensor& tensor);

// A float32 tensor on the CPU with these dims, -1 for any.
void check_floats(const char* op, const char* name, const Tensor& tensor,
                  std::initializer_list<int64_t> dims);

// The same, contiguous: itself, or a copy.
Tensor contiguous_floats(const char* op, const char* name, const Tensor& tensor,
                         std::initializer_list<int64_t> dims);

// Packed weights, of the kind of cell that the operator runs.
StackSizes check_packed(const char* op, const Tensor& packed, std::initializer_list<Cell> cells);

Precision parse_precision(const char* op, std::string_view precision);

// Uninitialized, on the CPU.
Tensor empty_floats(std::initializer_list<int64_t> dims);
Tensor empty_bytes(int64_t bytes);

}  // namespace zoo
