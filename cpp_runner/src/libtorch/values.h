// Between this library's values and those of LibTorch. This header includes LibTorch.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <optional>

#include "zoo/value.h"

namespace zoo {

// The value as an argument of that type; nothing where it does not fit. An int fits a float, as in Python.
std::optional<c10::IValue> to_ivalue(const Value& value, const c10::TypePtr& type, const c10::Device& device);

// Throws Error(bad_data) for anything but tensors, numbers and text, and tuples, lists and dicts of them.
Value from_ivalue(const c10::IValue& value);

}  // namespace zoo
