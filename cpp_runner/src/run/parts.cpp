#include "run/parts.h"

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "base/tensor_slice.h"
#include "base/value.h"
#include "zoo/error.h"

namespace zoo {
namespace {

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

}  // namespace

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

std::vector<Tensors> run_each(const Job& job, const Plan& plan, Value arguments, std::int64_t total,
                              const Call& call, const Progress& progress) {
  std::vector<Tensors> parts;
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

Tensors run_parts(const Job& job, const Plan& plan, const Axes& axes, const Call& call,
                  const Progress& progress) {
  return put_together(run_each(job, plan, job.arguments, job.total, call, progress), job, plan, axes);
}

}  // namespace zoo
