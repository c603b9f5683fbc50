#include "run/links.h"

#include <algorithm>
#include <utility>

#include "base/value.h"
#include "zoo/error.h"

namespace zoo {
namespace {

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
    bool linked = false;
    for (const std::string& place : places_) {
      if (!fits(place, slot)) continue;
      unique_ &= !linked && !is_taken(place);
      if (linked || is_taken(place)) continue;
      links_.push_back({place, slot.place});
      linked = true;
    }
    if (linked) return;
    const auto* tuple = std::get_if<Tuple>(slot.value);  // a tuple of states that come back one by one
    if (tuple == nullptr) return;
    for (std::size_t i = 0; i < tuple->elements.size(); ++i) {
      link({slot.place + "." + std::to_string(i), &tuple->elements[i]});
    }
  }

  [[nodiscard]] std::vector<StateLink> links() const { return links_; }
  // Whether each result that was linked fits one argument, and no other result does.
  [[nodiscard]] bool unique() const { return unique_; }

 private:
  [[nodiscard]] bool fits(const std::string& place, const Slot& slot) const {
    const Value& candidate = *find_value(result_, place);
    if (!holds_tensors(candidate)) return false;
    const bool is_none = std::holds_alternative<std::monostate>(*slot.value);
    return is_none ? accepts(slot.place, candidate) : same_form(candidate, *slot.value);
  }

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
  bool unique_ = true;
};

Linker link_all(const Job& job, const std::vector<Cut>& cuts, const Axes& axes) {
  const Value part = take_part(job.arguments, cuts, 0, job.size);
  const std::vector<Slot> slots = find_slots(job.arguments, cuts);
  Linker linker(job, axes, part, slots.empty() ? Value(Tuple{}) : job.begin()(part));
  for (const Slot& slot : slots) linker.link(slot);
  return linker;
}

}  // namespace

bool has_slots(const Value& arguments, const std::vector<Cut>& cuts) {
  return !find_slots(arguments, cuts).empty();
}

std::vector<StateLink> find_links(const Job& job, const std::vector<Cut>& cuts, const Axes& axes) {
  return link_all(job, cuts, axes).links();
}

std::optional<std::vector<StateLink>> find_unique_links(const Job& job, const std::vector<Cut>& cuts,
                                                        const Axes& axes) {
  if (axes.size() < 2) return std::vector<StateLink>{};
  const Linker linker = link_all(job, cuts, axes);
  if (!linker.unique()) return std::nullopt;
  return linker.links();
}

bool may_lack_links(const Value& arguments, const std::vector<Cut>& cuts, const std::vector<StateLink>& links,
                    const Axes& axes) {
  const auto left = std::ranges::count_if(
      axes, [&](const auto& axis) { return !axis.second && !is_carried(axis.first, links); });
  return left > 1 && std::ranges::any_of(find_slots(arguments, cuts), [&](const Slot& slot) {
           const bool linked = std::ranges::any_of(
               links, [&](const StateLink& link) { return is_inside(link.argument, slot.place); });
           return !linked && std::ranges::any_of(flatten(*slot.value), [](const NamedTensor& inner) {
             return is_floating(inner.tensor.dtype());
           });
         });
}

}  // namespace zoo
