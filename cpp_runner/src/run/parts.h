// A call whose input is cut into parts, of steps or of rows, and whose results are put together again.
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

// Whether a tensor stands at a place or inside it.
bool is_inside(const std::string& name, const std::string& place);

struct Plan {
  std::vector<Cut> cuts;
  std::vector<StateLink> links;
};

using Tensors = std::vector<NamedTensor>;
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

// Throws Error(bad_data) where the results of two calls have different places.
void require_same_names(const Tensors& a, const Tensors& b);

// Compares the results for two sizes of a part. Throws Error(bad_data) where a result has other dimensions,
// or grows along two.
Axes find_axes(const Value& of_one_size, const Value& of_another);

// Whether a result, or what it stands in, is the next state.
bool is_carried(const std::string& name, const std::vector<StateLink>& links);

// The arguments with `count` steps or rows from `begin` on.
Value take_part(const Value& arguments, const std::vector<Cut>& cuts, std::int64_t begin, std::int64_t count);

// Puts the states among the results into the arguments of the next part.
void carry(const Value& result, const std::vector<StateLink>& links, Value& arguments);

// The results of each part, by `call` unless each begins anew. `progress` may be empty.
std::vector<Tensors> run_each(const Job& job, const Plan& plan, Value arguments, std::int64_t total,
                              const Call& call, const Progress& progress);

// Joins the results that grow. Of any other the last part's stands for all, or all are stacked.
Tensors put_together(const std::vector<Tensors>& parts, const Job& job, const Plan& plan, const Axes& axes);

// Runs all parts and puts the results together.
Tensors run_parts(const Job& job, const Plan& plan, const Axes& axes, const Call& call,
                  const Progress& progress);

}  // namespace zoo
