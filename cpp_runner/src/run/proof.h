// Whether parts give what the whole gives. What the arguments and results of a file without a manifest mean
// is found by trial: a plan counts only if the parts of a beginning of the input give what that beginning
// gives at once. The input may begin with silence, which shows nothing, so that drawn values have to give it
// too.
#pragma once

#include <string>
#include <vector>

#include "run/parts.h"
#include "zoo/options.h"

namespace zoo {

struct Proof {
  Axes axes;
  std::string fault;        // empty: the parts give what the whole gives
  bool only_fixed = false;  // only results that do not grow are at fault
  double off = 0;           // how far results were off within the tolerance, as a share of their range
  std::vector<StateLink> links;
};
// Throws Error as the model does, or Error(bad_data) where the results of parts cannot be put together.
Proof prove(const Job& job, const Plan& plan);

}  // namespace zoo
