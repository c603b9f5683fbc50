#include "run/proof.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/message.h"
#include "base/tensor_slice.h"
#include "base/value.h"
#include "core/compare.h"
#include "run/drawn_arguments.h"
#include "zoo/error.h"

namespace zoo {
namespace {

// How much of the input a proof looks at: a part, another, and a shorter one.
std::int64_t proof_total(const Job& job) {
  return std::min(job.total, 2 * job.size + std::max<std::int64_t>(1, job.size / 2));
}

// Adds what the parts of these arguments say to the proof.
void compare_parts(const Job& job, const Plan& plan, const Value& arguments, const Tensors& whole,
                   Proof& proof) {
  const std::vector<Tensors> parts = run_each(job, plan, arguments, proof_total(job), job.begin(), {});
  const Tensors joined = put_together(parts, job, plan, proof.axes);
  require_same_names(whole, joined);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::string& name = whole[i].name;
    const bool grows = proof.axes.at(name).has_value();
    if (!grows && job.every_part && !is_carried(name, plan.links)) continue;
    const double off = share_of_range(joined[i].tensor, whole[i].tensor);
    if (off <= job.tolerance) continue;
    if (proof.fault.empty() || (grows && proof.only_fixed)) {
      proof.fault = "result " + quote(name) +
                    (std::isfinite(off) ? " is off by " + number_text(off) + " of its range" : " differs");
    }
    proof.only_fixed &= !grows && !is_carried(name, plan.links);
  }
}

// The same with drawn values, if the model takes them.
void compare_drawn(const Job& job, const Plan& plan, Proof& proof) {
  for (const bool states : {true, false}) {
    Proof drawn = proof;
    try {
      const Value arguments = draw_arguments(job, plan.cuts, proof_total(job), states);
      compare_parts(job, plan, arguments, flatten(job.begin()(arguments)), drawn);
    } catch (const Error&) {
      continue;
    }
    if (proof.fault.empty() && !drawn.fault.empty()) drawn.fault += " for other values";
    proof = std::move(drawn);
    return;
  }
}

// The results of some arguments whole and in parts.
struct Trial {
  Tensors whole;
  std::vector<Tensors> parts;
};

Trial run_trial(const Job& job, const Plan& plan, const Value& arguments, std::int64_t total) {
  return {flatten(job.begin()(arguments)), run_each(job, plan, arguments, total, job.begin(), {})};
}

Value reverse_steps(Value arguments, const std::vector<Cut>& cuts, std::int64_t count) {
  for (const Cut& cut : cuts) {
    Tensor& tensor = std::get<Tensor>(*find_value(arguments, cut.place));
    std::vector<Tensor> steps;
    for (std::int64_t i = count; i-- > 0;) steps.push_back(slice(tensor, cut.axis, i, 1));
    steps.push_back(slice(tensor, cut.axis, count, tensor.shape()[cut.axis] - count));
    tensor = concatenate(steps, cut.axis);
  }
  return arguments;
}

// How far other steps before it move what the last part gives, where the parts gave the same bytes.
double moved(const Trial& a, const Trial& b, std::size_t i, const std::optional<std::size_t>& axis) {
  const Tensor& part = a.parts.back()[i].tensor;
  const Tensor &x = a.whole[i].tensor, &y = b.whole[i].tensor;
  if (!std::ranges::equal(part.bytes(), b.parts.back()[i].tensor.bytes()) || x.shape() != y.shape()) return 0;
  if (!axis) return share_of_range(y, x);
  const std::int64_t size = x.shape()[*axis], count = std::min(size, part.shape()[*axis]);
  return share_of_range(slice(y, *axis, size - count, count), slice(x, *axis, size - count, count));
}

// A tolerance for rounding hides that a state is lost. It does not hide that the steps before a part change
// what the whole gives for it, and do not change what the part gives. The order of these steps is what
// changes, as the scale by which a layer rounds comes from all values.
void compare_past(const Job& job, const Plan& plan, Proof& proof) {
  constexpr double exact = 1e-3;
  constexpr std::int64_t few = 4;
  if (job.tolerance <= exact || job.begin_anew || !plan.links.empty()) return;
  const std::int64_t past = (few + job.size - 1) / job.size * job.size, total = past + job.size;
  try {
    const Value arguments = draw_arguments(job, plan.cuts, total, true);
    const Trial a = run_trial(job, plan, arguments, total);
    const Trial b = run_trial(job, plan, reverse_steps(arguments, plan.cuts, past), total);
    require_same_names(a.whole, b.whole);
    for (std::size_t i = 0; i < a.whole.size(); ++i) {
      const auto& axis = proof.axes.at(a.whole[i].name);
      if (!axis && job.every_part) continue;
      if (moved(a, b, i, axis) <= job.tolerance / 10) continue;
      proof.fault = "result " + quote(a.whole[i].name) + " depends on steps before its chunk";
      proof.only_fixed &= !axis;
    }
  } catch (const Error&) {  // the model does not take these values
  }
}

}  // namespace

Proof prove(const Job& job, const Plan& plan) {
  Proof proof;
  const Value arguments = take_part(job.arguments, plan.cuts, 0, proof_total(job));
  const Value whole = job.begin()(arguments);
  proof.axes = find_axes(job.begin()(take_part(arguments, plan.cuts, 0, job.size)), whole);
  proof.only_fixed = true;
  compare_parts(job, plan, arguments, flatten(whole), proof);
  if (proof.only_fixed) compare_drawn(job, plan, proof);
  if (proof.only_fixed) compare_past(job, plan, proof);
  return proof;
}

}  // namespace zoo
