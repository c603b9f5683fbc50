// A call whose input is cut into parts, of steps or of rows, and whose results are put together again. What
// the arguments and results of a file without a manifest mean is found by trial: a plan counts only if the
// parts of a beginning of the input give what that beginning gives at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zoo/options.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo {

// A tensor among the arguments that is cut.
struct Cut {
  std::string place;
  std::size_t axis;
};

struct Plan {
  std::vector<Cut> cuts;
  std::vector<StateLink> links;
};

using Call = std::function<Value(const Value& arguments)>;  // the arguments are a tuple

struct Job {
  Value arguments;
  std::int64_t total = 0;       // steps or rows
  std::int64_t size = 0;        // of a part, smaller than the total
  std::function<Call()> begin;  // a call of a copy of the module, as it is now
  bool begin_anew = false;      // each part begins with such a copy
  bool every_part = false;      // what does not grow with a part comes once for each, stacked
  double tolerance = 0;         // of the range of a result
};

// The axis along which each tensor of the results grows with the part; nothing where it does not grow.
using Axes = std::map<std::string, std::optional<std::size_t>>;

// Compares the results for two sizes of a part. Throws Error(bad_data) where a result has other dimensions,
// or grows along two.
Axes find_axes(const Value& of_one_size, const Value& of_another);

// The arguments with `count` steps or rows from `begin` on.
Value take_part(const Value& arguments, const std::vector<Cut>& cuts, std::int64_t begin, std::int64_t count);

// Puts the states among the results into the arguments of the next part.
void carry(const Value& result, const std::vector<StateLink>& links, Value& arguments);

// What the parts of a beginning of the input gave, against the whole beginning.
struct Proof {
  Axes axes;
  std::string fault;        // empty: the parts give what the whole gives
  bool only_fixed = false;  // only results that do not grow are at fault
  std::vector<StateLink> links;
};
Proof prove(const Job& job, const Plan& plan);

// Runs all parts, by `call` unless each begins anew, and puts the results together. `progress` may be empty.
std::vector<NamedTensor> run_parts(const Job& job, const Plan& plan, const Axes& axes, const Call& call,
                                   const Progress& progress);

// Whether an argument besides those that are cut may be a state: it has tensors, or is None.
bool has_slots(const Value& arguments, const std::vector<Cut>& cuts);

// Links each argument that is not cut with the first result that has its form and does not grow. None takes
// whatever the model accepts there.
std::vector<StateLink> find_links(const Job& job, const std::vector<Cut>& cuts, const Axes& axes);

}  // namespace zoo
