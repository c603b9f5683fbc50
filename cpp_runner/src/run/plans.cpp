#include "run/plans.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/message.h"
#include "run/links.h"

namespace zoo {
namespace {

// Whether nothing that would be compared depends on the states: with one result for each chunk, only results
// that grow are compared, and those that are carried.
bool is_open(const Job& job, const std::vector<Cut>& cuts, const std::vector<StateLink>& failed,
             const Axes& axes) {
  if (!job.every_part || job.size >= job.total) return false;
  if (std::ranges::any_of(axes, [](const auto& axis) { return axis.second.has_value(); })) return false;
  return (!failed.empty() && axes.size() > 1) || may_lack_links(job.arguments, cuts, {}, axes);
}

[[noreturn]] void fail_open() {
  throw Error(Status::bad_data, "nothing tells which results are the next states; say which, or that none is",
              Hint::states);
}

[[noreturn]] void fail_chunks(const Failures& failures, const StreamRoles& roles) {
  if (failures.open) fail_open();
  const auto& proofs = failures.proofs;
  const auto fixed = std::ranges::find_if(proofs, &Proof::only_fixed);
  if (fixed != proofs.end() && !roles.every_chunk) {
    throw Error(
        Status::bad_data,
        fixed->fault + " in the last chunk, and does not grow with the steps; ask for that of every chunk",
        Hint::every_chunk);
  }
  if (proofs.empty()) {  // the model may take no other size than that of a chunk
    if (failures.error->hint() != Hint::none) throw Error(*failures.error);
    throw Error(Status::bad_data, failures.error->what(), roles.every_chunk ? Hint::none : Hint::every_chunk);
  }
  throw Error(Status::bad_data,
              "chunks do not give what the whole gives: " + proofs.front().fault +
                  "; say which results are states, or run all at once",
              Hint::states);
}

// Which results grow, from two sizes of a chunk; none where the model takes only one size.
Axes axes_of_chunks(const Job& job, const std::vector<Cut>& cuts, bool& only_one_size) {
  const auto run = [&](std::int64_t size) { return job.begin()(take_part(job.arguments, cuts, 0, size)); };
  const Value part = run(job.size);
  const std::int64_t other =
      job.total >= 2 * job.size ? 2 * job.size : std::max<std::int64_t>(1, job.size / 2);
  if (other == job.size) return find_axes(part, part);
  try {
    return find_axes(part, run(other));
  } catch (const Error&) {
    only_one_size = true;
    return find_axes(part, part);
  }
}

std::string links_text(const std::vector<StateLink>& links) {
  std::vector<std::string> parts;
  for (const StateLink& link : links) parts.push_back(link.result + ":" + link.argument);
  return join(parts, ",");
}

// What the caller says of the states counts. Where the model takes chunks of several sizes, they are compared
// with the whole all the same, so that a slip is heard of.
Proved stated_plan(const Job& job, const std::vector<Cut>& cuts, const StreamRoles& roles,
                   const Notice& notice) {
  bool only_one_size = false;
  Proved stated{{cuts, *roles.states}, axes_of_chunks(job, cuts, only_one_size)};
  if (only_one_size && !roles.every_chunk) {
    throw Error(
        Status::bad_data,
        "the model takes no other chunk than " + std::to_string(job.size) +
            " steps, so nothing tells which results grow with them; ask for the results of every chunk",
        Hint::every_chunk);
  }
  if (!only_one_size) compare_stated(job, stated.plan, false, notice);
  return stated;
}

// The plan of a model that takes only chunks of one size, if it is such a model. It cannot run the whole, so
// that nothing is proved: what it gives for each chunk stands for itself, and a state is taken only where no
// other result could be it.
std::optional<Proved> plan_of_one_size(const Job& job, const std::vector<Cut>& cuts, const Notice& notice) {
  bool only_one_size = false;
  Proved proved{{cuts, {}}, axes_of_chunks(job, cuts, only_one_size)};
  if (!only_one_size) return std::nullopt;
  const auto links = find_unique_links(job, cuts, proved.axes);
  if (!links || may_lack_links(job.arguments, cuts, *links, proved.axes)) fail_open();
  proved.plan.links = *links;
  if (!links->empty() && notice) {
    notice("states are found by their shapes, as the model takes no other chunk: " + links_text(*links));
  }
  return proved;
}

}  // namespace

std::optional<Proved> try_plans(const Job& job, const std::vector<std::vector<Cut>>& choices, bool with_links,
                                Failures& failures) {
  for (const std::vector<Cut>& cuts : choices) {
    try {
      Proof plain = prove(job, {cuts, {}});
      const auto links = with_links ? find_links(job, cuts, plain.axes) : std::vector<StateLink>{};
      if (!links.empty()) {
        Proof linked = prove(job, {cuts, links});
        linked.links = links;
        if (linked.fault.empty()) return Proved{{cuts, links}, std::move(linked.axes), linked.off};
        failures.proofs.push_back(std::move(linked));
      }
      const bool open = with_links && is_open(job, cuts, links, plain.axes);
      failures.open |= open;
      if (plain.fault.empty() && !open) return Proved{{cuts, {}}, std::move(plain.axes), plain.off};
      failures.proofs.push_back(std::move(plain));
    } catch (const Error& error) {
      if (!failures.error) failures.error = error;
    }
  }
  return std::nullopt;
}

void compare_stated(const Job& job, const Plan& plan, bool only_growing, const Notice& notice) {
  if (!notice) return;
  try {
    const Proof proof = prove(job, plan);
    if (proof.fault.empty() || (only_growing && proof.only_fixed)) return;
    notice("chunks do not give what the whole gives: " + proof.fault);
  } catch (const Error&) {  // the model takes no such whole, and then there is nothing to say
  }
}

void tell_of_rounding(const Job& job, const Proved& proved, const Notice& notice) {
  constexpr double of_float32 = 1e-4;
  if (!notice || proved.off <= of_float32) return;
  notice(std::string(job.begin_anew ? "batches" : "chunks") + " move the results, here by " +
         number_text(proved.off) + " of their range: the model rounds to few bits, by the values of a call");
}

Proved plan_chunks(const Job& job, const std::vector<std::vector<Cut>>& choices, const StreamRoles& roles,
                   const Notice& notice) {
  if (roles.states) return stated_plan(job, choices.front(), roles, notice);
  if (roles.every_chunk) {
    if (auto plan = plan_of_one_size(job, choices.back(), notice)) return std::move(*plan);
  }
  Failures failures;
  if (auto proved = try_plans(job, choices, true, failures)) {
    tell_of_rounding(job, *proved, notice);
    return std::move(*proved);
  }
  fail_chunks(failures, roles);
}

}  // namespace zoo
