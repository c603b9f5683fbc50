// How an input is cut, and which results are states: the plan that a proof allows, or that the caller states.
#pragma once

#include <optional>
#include <vector>

#include "run/parts.h"
#include "run/proof.h"
#include "zoo/error.h"
#include "zoo/options.h"

namespace zoo {

struct Proved {
  Plan plan;
  Axes axes;
  double off = 0;  // as in Proof
};

struct Failures {
  std::vector<Proof> proofs;
  std::optional<Error> error;  // of the model, or of results that cannot be put together
  bool open = false;           // no result shows whether an argument takes a state
};

// The first plan whose parts give what the whole gives.
std::optional<Proved> try_plans(const Job& job, const std::vector<std::vector<Cut>>& choices, bool with_links,
                                Failures& failures);

// Says where the caller's plan does not give what the whole gives, if the model takes such a whole. With
// `only_growing` a result that does not grow stands for its own part.
void compare_stated(const Job& job, const Plan& plan, bool only_growing, const Notice& notice);

// Says how far parts move the results of a model that rounds by all values of a call.
void tell_of_rounding(const Job& job, const Proved& proved, const Notice& notice);

// The plan for chunks of steps. `notice` hears of what nothing proves. Throws Error(bad_data) where no plan
// is right, or several may be.
Proved plan_chunks(const Job& job, const std::vector<std::vector<Cut>>& choices, const StreamRoles& roles,
                   const Notice& notice);

}  // namespace zoo
