#include "run/parts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/message.h"
#include "base/tensor_slice.h"
#include "base/value.h"
#include "core/compare.h"
#include "zoo/error.h"

namespace zoo {
namespace {

using Tensors = std::vector<NamedTensor>;

bool is_inside(const std::string& name, const std::string& place) {
  return place.empty() || name == place || name.starts_with(place + ".");
}

bool is_carried(const std::string& name, const std::vector<StateLink>& links) {
  return std::ranges::any_of(links, [&](const StateLink& link) { return is_inside(name, link.result); });
}

void require_same_names(const Tensors& a, const Tensors& b) {
  if (std::ranges::equal(a, b, {}, &NamedTensor::name, &NamedTensor::name)) return;
  throw Error(Status::bad_data,
              "the results of two parts have different places; run the whole input at once");
}

// All parts as one tensor with a new first axis.
Tensor stack(const std::vector<Tensor>& parts) {
  std::vector<Tensor> rows;
  for (const Tensor& part : parts) {
    Shape shape = part.shape();
    shape.insert(shape.begin(), 1);
    rows.emplace_back(part.dtype(), shape, std::vector<std::byte>(part.bytes().begin(), part.bytes().end()));
  }
  return concatenate(rows, 0);
}

Tensors put_together(const std::vector<Tensors>& parts, const Job& job, const Plan& plan, const Axes& axes) {
  Tensors whole = parts.back();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::vector<Tensor> tensors;
    for (const Tensors& part : parts) tensors.push_back(part[i].tensor);
    const auto axis = axes.find(whole[i].name);
    if (axis != axes.end() && axis->second) {
      whole[i].tensor = concatenate(tensors, *axis->second);
    } else if (job.every_part && !is_carried(whole[i].name, plan.links)) {
      whole[i].tensor = stack(tensors);
    }
  }
  return whole;
}

std::vector<Tensors> run_each(const Job& job, const Plan& plan, std::int64_t total, const Call& call,
                              const Progress& progress) {
  std::vector<Tensors> parts;
  Value arguments = job.arguments;
  for (std::int64_t begin = 0; begin < total; begin += job.size) {
    const std::int64_t count = std::min(job.size, total - begin);
    const Value part = take_part(arguments, plan.cuts, begin, count);
    const Value result = job.begin_anew ? job.begin()(part) : call(part);
    carry(result, plan.links, arguments);
    parts.push_back(flatten(result));
    require_same_names(parts.front(), parts.back());
    if (progress) progress(begin + count, total);
  }
  return parts;
}

// How much of the input a proof looks at: a part, another, and a shorter one.
std::int64_t proof_total(const Job& job) {
  return std::min(job.total, 2 * job.size + std::max<std::int64_t>(1, job.size / 2));
}

// Where an argument takes a state: its place, and what stands there now.
struct Slot {
  std::string place;
  const Value* value;
};

bool holds_tensors(const Value& value) { return !tensor_places(value).empty(); }

std::vector<Slot> find_slots(const Value& arguments, const std::vector<Cut>& cuts) {
  std::vector<Slot> slots;
  const auto& elements = std::get<Tuple>(arguments).elements;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const std::string place = std::to_string(i);
    const bool is_cut =
        std::ranges::any_of(cuts, [&](const Cut& cut) { return is_inside(cut.place, place); });
    const bool is_none = std::holds_alternative<std::monostate>(elements[i]);
    if (!is_cut && (is_none || holds_tensors(elements[i]))) slots.push_back({place, &elements[i]});
  }
  return slots;
}

void collect_subtrees(const Value& value, const std::string& place, std::vector<std::string>& places) {
  places.push_back(place);
  const auto inner = [&](const std::string& name) { return place.empty() ? name : place + "." + name; };
  const auto visit = [&](const std::vector<Value>& elements, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      collect_subtrees(elements[i], inner(names.empty() ? std::to_string(i) : names[i]), places);
    }
  };
  if (const auto* tuple = std::get_if<Tuple>(&value)) visit(tuple->elements, tuple->names);
  if (const auto* list = std::get_if<List>(&value)) visit(list->elements, {});
  if (const auto* dict = std::get_if<Dict>(&value)) {
    for (const auto& [key, entry] : dict->entries) collect_subtrees(entry, inner(key), places);
  }
}

// Finds the results that are the next states, each of them once.
class Linker {
 public:
  Linker(const Job& job, const Axes& axes, Value part, Value result)
      : job_(job), part_(std::move(part)), result_(std::move(result)) {
    collect_subtrees(result_, "", places_);
    std::erase_if(places_, [&](const std::string& place) {
      const bool grows = std::ranges::any_of(
          axes, [&](const auto& entry) { return entry.second && is_inside(entry.first, place); });
      return grows || (place.empty() && axes.contains("output") && axes.at("output"));
    });
  }

  void link(const Slot& slot) {
    const bool is_none = std::holds_alternative<std::monostate>(*slot.value);
    for (const std::string& place : places_) {
      const Value& candidate = *find_value(result_, place);
      if (is_taken(place) || !holds_tensors(candidate)) continue;
      if (is_none ? !accepts(slot.place, candidate) : !same_form(candidate, *slot.value)) continue;
      links_.push_back({place, slot.place});
      return;
    }
    const auto* tuple = std::get_if<Tuple>(slot.value);  // a tuple of states that come back one by one
    if (tuple == nullptr) return;
    for (std::size_t i = 0; i < tuple->elements.size(); ++i) {
      link({slot.place + "." + std::to_string(i), &tuple->elements[i]});
    }
  }

  [[nodiscard]] std::vector<StateLink> links() const { return links_; }

 private:
  [[nodiscard]] bool is_taken(const std::string& place) const {
    return std::ranges::any_of(links_, [&](const StateLink& link) {
      return is_inside(place, link.result) || is_inside(link.result, place);
    });
  }

  [[nodiscard]] bool accepts(const std::string& place, const Value& candidate) const {
    Value arguments = part_;
    *find_value(arguments, place) = candidate;
    try {
      static_cast<void>(job_.begin()(arguments));
    } catch (const Error&) {
      return false;
    }
    return true;
  }

  const Job& job_;
  Value part_;
  Value result_;
  std::vector<std::string> places_;
  std::vector<StateLink> links_;
};

}  // namespace

Axes find_axes(const Value& of_one_size, const Value& of_another) {
  const Tensors a = flatten(of_one_size), b = flatten(of_another);
  require_same_names(a, b);
  Axes axes;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Shape& x = a[i].tensor.shape();
    const Shape& y = b[i].tensor.shape();
    const auto fail = [&](const std::string& what) {
      throw Error(Status::bad_data, "result " + quote(a[i].name) + " " + what + " (" + shape_text(x) + ", " +
                                        shape_text(y) + "): run the whole input at once");
    };
    if (x.size() != y.size()) fail("has other dimensions for a longer part");
    std::optional<std::size_t>& axis = axes[a[i].name];
    for (std::size_t d = 0; d < x.size(); ++d) {
      if (x[d] == y[d]) continue;
      if (axis) fail("grows along two axes");
      axis = d;
    }
  }
  return axes;
}

Value take_part(const Value& arguments, const std::vector<Cut>& cuts, std::int64_t begin,
                std::int64_t count) {
  Value part = arguments;
  for (const Cut& cut : cuts) {
    Tensor& tensor = std::get<Tensor>(*find_value(part, cut.place));
    tensor = slice(tensor, cut.axis, begin, count);
  }
  return part;
}

void carry(const Value& result, const std::vector<StateLink>& links, Value& arguments) {
  for (const StateLink& link : links) {
    const Value* next = find_value(result, link.result);
    Value* place = find_value(arguments, link.argument);
    if (next == nullptr || place == nullptr) {
      throw Error(Status::bad_data,
                  (next == nullptr ? "there is no result " + quote(link.result)
                                   : "there is no argument " + quote(link.argument)) +
                      "; places are counted from 0, such as 1, or 1.0 inside a tuple",
                  Hint::states);
    }
    *place = *next;
  }
}

Proof prove(const Job& job, const Plan& plan) {
  Proof proof;
  const std::int64_t total = proof_total(job);
  const Value whole = job.begin()(take_part(job.arguments, plan.cuts, 0, total));
  const Value first = job.begin()(take_part(job.arguments, plan.cuts, 0, job.size));
  proof.axes = find_axes(first, whole);
  const std::vector<Tensors> parts = run_each(job, plan, total, job.begin(), {});
  const Tensors expected = flatten(whole), actual = put_together(parts, job, plan, proof.axes);
  proof.only_fixed = true;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string& name = expected[i].name;
    const bool grows = proof.axes.at(name).has_value();
    if (!grows && job.every_part && !is_carried(name, plan.links)) continue;
    const double off = share_of_range(actual[i].tensor, expected[i].tensor);
    if (off <= job.tolerance) continue;
    if (proof.fault.empty() || grows) {
      proof.fault = "result " + quote(name) +
                    (std::isfinite(off) ? " is off by " + number_text(off) + " of its range" : " differs");
    }
    proof.only_fixed &= !grows && !is_carried(name, plan.links);
  }
  return proof;
}

std::vector<NamedTensor> run_parts(const Job& job, const Plan& plan, const Axes& axes, const Call& call,
                                   const Progress& progress) {
  return put_together(run_each(job, plan, job.total, call, progress), job, plan, axes);
}

bool has_slots(const Value& arguments, const std::vector<Cut>& cuts) {
  return !find_slots(arguments, cuts).empty();
}

std::vector<StateLink> find_links(const Job& job, const std::vector<Cut>& cuts, const Axes& axes) {
  const std::vector<Slot> slots = find_slots(job.arguments, cuts);
  if (slots.empty()) return {};
  const Value part = take_part(job.arguments, cuts, 0, job.size);
  Linker linker(job, axes, part, job.begin()(part));
  for (const Slot& slot : slots) linker.link(slot);
  return linker.links();
}

}  // namespace zoo
