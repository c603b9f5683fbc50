// Arguments like those that were given, with other values.
#pragma once

#include <cstdint>
#include <vector>

#include "run/parts.h"
#include "zoo/value.h"

namespace zoo {

// Arguments with `total` steps or rows. In what is cut, each element is drawn from the values that its place
// has along the input, each value once however often it stands there. A first tensor that is the same
// everywhere becomes noise, and so do zeros in other tensors of floats. With `states` this holds for what is
// not cut, too. Integers and flags in other tensors stay: they may be lengths.
Value draw_arguments(const Job& job, const std::vector<Cut>& cuts, std::int64_t total, bool states);

}  // namespace zoo
