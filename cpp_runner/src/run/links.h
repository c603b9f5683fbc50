// Which results of a part are the states of the next, found by their forms.
#pragma once

#include <optional>
#include <vector>

#include "run/parts.h"
#include "zoo/options.h"
#include "zoo/value.h"

namespace zoo {

// Whether an argument besides those that are cut may be a state: it has tensors, or is None.
bool has_slots(const Value& arguments, const std::vector<Cut>& cuts);

// Links each argument that is not cut with the first result that has its form and does not grow. None takes
// whatever the model accepts there.
std::vector<StateLink> find_links(const Job& job, const std::vector<Cut>& cuts, const Axes& axes);

// The same where nothing proves the links: none for a result that stands alone, as it is the output, and
// nothing at all where a result may be the state of two arguments, or two results that of one.
std::optional<std::vector<StateLink>> find_unique_links(const Job& job, const std::vector<Cut>& cuts,
                                                        const Axes& axes);

// Whether an argument of floats has no link while two results or more that do not grow have none: one may be
// the output, another the next state in another form.
bool may_lack_links(const Value& arguments, const std::vector<Cut>& cuts, const std::vector<StateLink>& links,
                    const Axes& axes);

}  // namespace zoo
