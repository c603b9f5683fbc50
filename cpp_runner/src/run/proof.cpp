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
    if (off <= job.tolerance) {
      proof.off = std::max(proof.off, off);
      continue;
    }
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

// The steps or rows with these numbers, in this order. Throws Error(bad_data) where there are not so many: of
// integers nothing is drawn, and the input may be short.
Tensor gather(const Tensor& tensor, std::size_t axis, const std::vector<std::int64_t>& numbers) {
  std::vector<Tensor> parts;
  for (const std::int64_t number : numbers) {
    if (number >= tensor.shape().at(axis))
      throw Error(Status::bad_data, "the input is too short for a proof");
    parts.push_back(slice(tensor, axis, number, 1));
  }
  return concatenate(parts, axis);
}

// From count - 1 down to 0.
std::vector<std::int64_t> count_down(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  while (count-- > 0) numbers.push_back(count);
  return numbers;
}

Value reverse_steps(Value arguments, const std::vector<Cut>& cuts, std::int64_t count) {
  for (const Cut& cut : cuts) {
    Tensor& tensor = std::get<Tensor>(*find_value(arguments, cut.place));
    const std::int64_t steps = tensor.shape()[cut.axis];
    const Tensor reversed = gather(tensor, cut.axis, count_down(count));
    tensor = concatenate({reversed, slice(tensor, cut.axis, count, steps - count)}, cut.axis);
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

constexpr double kExact = 1e-3;  // a tolerance below it hides nothing
constexpr std::int64_t kFew = 4;

// A tolerance for rounding hides that a state is lost. It does not hide that the steps before a part change
// what the whole gives for it, and do not change what the part gives. The order of these steps is what
// changes, as the scale by which a layer rounds comes from all values.
void compare_past(const Job& job, const Plan& plan, Proof& proof) {
  if (job.tolerance <= kExact || !plan.links.empty()) return;
  const std::int64_t past = (kFew + job.size - 1) / job.size * job.size, total = past + job.size;
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

// Such a tolerance hides that rows see each other, too. Rows in another order, one of them several times,
// have the same largest values in every layer, and so the same scales: a row that sees no other comes out the
// same.
void compare_rows(const Job& job, const Plan& plan, Proof& proof) {
  if (job.tolerance <= kExact) return;
  const std::int64_t count = std::min(kFew, job.total);
  const std::vector<std::int64_t> places = count_down(count);
  std::vector<std::int64_t> rows = places;
  rows.insert(rows.end(), kFew, 0);
  try {
    const Value once = draw_arguments(job, plan.cuts, count, true);
    Value again = once;
    for (const Cut& cut : plan.cuts) {
      Tensor& tensor = std::get<Tensor>(*find_value(again, cut.place));
      tensor = gather(tensor, cut.axis, rows);
    }
    const Tensors a = flatten(job.begin()(once)), b = flatten(job.begin()(again));
    require_same_names(a, b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto& axis = proof.axes.at(a[i].name);
      if (!axis || share_of_range(gather(b[i].tensor, *axis, places), a[i].tensor) <= job.tolerance / 10)
        continue;
      proof.fault = "result " + quote(a[i].name) + " depends on the other rows";
      proof.only_fixed = false;
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
  if (proof.only_fixed) {
    if (job.begin_anew) {
      compare_rows(job, plan, proof);
    } else {
      compare_past(job, plan, proof);
    }
  }
  return proof;
}

}  // namespace zoo
