// What any TorchScript method takes and gives.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "zoo/export.h"
#include "zoo/tensor.h"

namespace zoo {

struct Value;

struct Tuple {
  std::vector<Value> elements;
  std::vector<std::string> names;  // of a NamedTuple; otherwise empty
};

struct List {
  std::vector<Value> elements;
};

struct Dict {
  std::vector<std::pair<std::string, Value>> entries;  // keys that are numbers stand as text
};

// monostate is None.
using ValueKinds =
    std::variant<std::monostate, Tensor, std::int64_t, double, bool, std::string, Tuple, List, Dict>;
struct Value : ValueKinds {
  using ValueKinds::ValueKinds;
};

// The tensors in a value, named by their places: "output" where there is only one, otherwise "0", "1.h".
// Numbers become tensors without dimensions, and text becomes its bytes. None is left out.
ZOO_API std::vector<NamedTensor> flatten(const Value& value);

}  // namespace zoo
