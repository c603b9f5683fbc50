// Places in values: "1" is the second element of a tuple or list, "1.h" the entry h of a dict in it. The
// empty place is the value itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "zoo/value.h"

namespace zoo {

// The value at a place; null if there is none.
const Value* find_value(const Value& root, std::string_view place);
Value* find_value(Value& root, std::string_view place);

// The places of all tensors, in order.
std::vector<std::string> tensor_places(const Value& root);

// Whether both have tensors of the same dtypes and shapes in the same places, and are otherwise alike in
// kind.
bool same_form(const Value& a, const Value& b);

// "Tensor 2x3", "tuple of 2", "int".
std::string kind_text(const Value& value);

}  // namespace zoo
