#include "run/calls.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/message.h"
#include "base/value.h"
#include "run/links.h"
#include "run/parts.h"
#include "run/plans.h"
#include "zoo/error.h"

namespace zoo {
namespace {

Call call_of(const TorchModule& module, const std::string& method) {
  return [&module, method](const Value& arguments) {
    return module.call(method, std::get<Tuple>(arguments).elements);
  };
}

// A call of a copy that has the state of the module, and moves on by itself.
Call call_of_copy(const TorchModule& module, const std::string& method) {
  const auto copy = std::make_shared<const TorchModule>(module.copy());
  return [copy, method](const Value& arguments) {
    return copy->call(method, std::get<Tuple>(arguments).elements);
  };
}

const Tensor& tensor_at(const Value& arguments, const std::string& place) {
  return std::get<Tensor>(*find_value(arguments, place));
}

bool has_size(const Tensor& tensor, std::size_t axis, std::int64_t size) {
  return tensor.shape().size() > axis && tensor.shape()[axis] == size;
}

// The axis of the steps. Where nobody names it, an input that would not be cut there but elsewhere is
// refused.
std::size_t find_time_axis(const Tensor& input, const CallOptions& options) {
  const auto fail = [&](const std::string& why) {
    throw Error(Status::bad_data,
                "the input has shape " + shape_text(input.shape()) + why + "; name the axis of the steps",
                Hint::time_axis);
  };
  const auto axis =
      options.roles.time_axis ? *options.roles.time_axis : std::min<std::int64_t>(1, input.rank() - 1);
  if (axis < 0 || axis >= input.rank()) fail(", which has no axis " + std::to_string(axis));
  const Shape& shape = input.shape();
  if (!options.roles.time_axis && axis == 1 && shape[1] <= options.chunk && shape.size() > 2 &&
      shape[0] > options.chunk) {
    fail(", whose steps may be in axis 0 or 1");
  }
  return static_cast<std::size_t>(axis);
}

// The first tensor alone, or with all others that are as long and may have the same steps.
std::vector<std::vector<Cut>> cuts_of_steps(const Value& arguments, const std::string& sequence,
                                            std::size_t axis) {
  const Tensor& input = tensor_at(arguments, sequence);
  std::vector<Cut> alone{{sequence, axis}}, all = alone;
  for (const std::string& place : tensor_places(arguments)) {
    const Tensor& other = tensor_at(arguments, place);
    const bool same_rows = axis == 0 || has_size(other, 0, input.shape()[0]);
    if (place != sequence && same_rows && has_size(other, axis, input.shape()[axis]))
      all.push_back({place, axis});
  }
  if (all.size() == 1) return {alone};
  return {all, alone};
}

// The rows of an input are its dimension 0, those of a state its dimension 1. The first tensor is always cut.
std::vector<std::vector<Cut>> cuts_of_rows(const Value& arguments, const std::string& sequence,
                                           std::int64_t rows) {
  std::vector<std::vector<Cut>> choices;
  for (const auto& [first, second] : {std::pair(true, true), {true, false}, {false, true}, {false, false}}) {
    std::vector<Cut> cuts;
    for (const std::string& place : tensor_places(arguments)) {
      const Tensor& tensor = tensor_at(arguments, place);
      if (has_size(tensor, 0, rows) && (first || place == sequence)) {
        cuts.push_back({place, 0});
      } else if (has_size(tensor, 1, rows) && second) {
        cuts.push_back({place, 1});
      }
    }
    const auto same = [&](const std::vector<Cut>& other) {
      return std::ranges::equal(
          cuts, other, [](const Cut& a, const Cut& b) { return a.place == b.place && a.axis == b.axis; });
    };
    if (std::ranges::none_of(choices, same)) choices.push_back(std::move(cuts));
  }
  return choices;
}

Job make_chunk_job(const TorchModule& module, const Value& arguments, const CallOptions& options,
                   std::size_t axis) {
  Job job;
  job.arguments = arguments;
  job.total = tensor_at(arguments, first_tensor(arguments)).shape()[axis];
  job.size = std::min(options.chunk, job.total);
  job.begin = [&module, method = options.method] { return call_of_copy(module, method); };
  job.every_part = options.roles.every_chunk;
  job.tolerance = module.rounding_share();
  return job;
}

// The first chunk of a stream in two parts, and what may be cut in it.
std::pair<Job, std::vector<std::vector<Cut>>> halve_first_chunk(const TorchModule& module,
                                                                const Value& arguments,
                                                                const StreamOptions& options) {
  const std::string sequence = first_tensor(arguments);
  const Tensor& input = tensor_at(arguments, sequence);
  CallOptions call;
  call.method = options.method;
  call.roles.time_axis = options.roles.time_axis;
  const std::size_t axis = find_time_axis(input, call);
  call.chunk = input.shape()[axis] / 2;
  return {make_chunk_job(module, arguments, call, axis), cuts_of_steps(arguments, sequence, axis)};
}

// Says where the first chunk shows that the states which the caller says are others.
void compare_first_chunk(const TorchModule& module, const Value& arguments, const StreamOptions& options) {
  if (!options.notice) return;
  try {
    const auto [job, choices] = halve_first_chunk(module, arguments, options);
    if (job.size > 0) compare_stated(job, {choices.front(), *options.roles.states}, true, options.notice);
  } catch (const Error&) {  // nobody knows its steps
  }
}

// Each batch is planned anew and has the same to say.
Notice once(const Notice& notice) {
  if (!notice) return {};
  return [notice, said = std::make_shared<std::set<std::string>>()](const std::string& text) {
    if (said->insert(text).second) notice(text);
  };
}

}  // namespace

std::string first_tensor(const Value& arguments) {
  const std::vector<std::string> places = tensor_places(arguments);
  if (places.empty()) throw Error(Status::usage, "there is no tensor among the inputs that could be split");
  return places.front();
}

std::vector<NamedTensor> call_in_chunks(const TorchModule& module, const std::vector<Value>& arguments,
                                        const CallOptions& options) {
  const Value whole = Tuple{module.complete(options.method, arguments), {}};
  const std::string sequence = first_tensor(whole);
  const std::size_t axis = find_time_axis(tensor_at(whole, sequence), options);
  const Job job = make_chunk_job(module, whole, options, axis);
  const auto choices = cuts_of_steps(job.arguments, sequence, axis);
  const Call call = call_of(module, options.method);
  if (job.size == job.total && !options.roles.every_chunk) return flatten(call(job.arguments));
  const Tensor& input = tensor_at(whole, sequence);
  if (job.total == 0) {
    throw Error(Status::bad_data, "the input has no steps (" + shape_text(input.shape()) +
                                      "), and so no chunk that could give results");
  }
  try {
    const Proved proved = plan_chunks(job, choices, options.roles, options.notice);
    return run_parts(job, proved.plan, proved.axes, call, {});
  } catch (const Error& error) {
    // The rows of a vector's features, or the steps of one without rows: both have two dimensions.
    if (options.roles.time_axis || input.rank() != 2 || input.shape()[0] <= options.chunk) throw;
    throw Error(error.status(),
                "the input " + shape_text(input.shape()) +
                    " was cut along axis 1: " + shorten(error.what(), 90) + "; name the axis of the steps",
                Hint::time_axis);
  }
}

std::vector<StateLink> find_states(const TorchModule& module, const Value& arguments,
                                   const StreamOptions& options) {
  if (options.roles.states) {
    compare_first_chunk(module, arguments, options);
    return *options.roles.states;
  }
  const std::string sequence = first_tensor(arguments);
  if (!has_slots(arguments, {{sequence, 0}})) return {};  // nothing that could be a state
  const auto [job, choices] = halve_first_chunk(module, arguments, options);
  const auto fail = [](const std::string& why) {
    throw Error(Status::bad_data, "the first chunk does not tell which results are the next states: " + why,
                Hint::states);
  };
  if (job.size == 0) fail("it has one step");
  Failures failures;
  const auto proved = try_plans(job, choices, true, failures);
  if (proved) {
    tell_of_rounding(job, *proved, options.notice);
    return proved->plan.links;
  }
  // A result that does not grow stands for its chunk; what is carried was right.
  for (const Proof& proof : failures.proofs) {
    if (proof.only_fixed) return proof.links;
  }
  fail(failures.proofs.empty() ? failures.error->what() : failures.proofs.front().fault);
  return {};
}

std::vector<NamedTensor> call_in_batches(const TorchModule& module, const std::vector<Value>& arguments,
                                         const CallOptions& told) {
  CallOptions options = told;
  options.notice = once(told.notice);
  const auto call = [&options](const TorchModule& on) -> Call {
    if (options.chunk == 0) return call_of(on, options.method);
    return [&on, &options](const Value& part) {
      Dict results;
      for (NamedTensor& result : call_in_chunks(on, std::get<Tuple>(part).elements, options)) {
        results.entries.emplace_back(std::move(result.name), std::move(result.tensor));
      }
      return results;
    };
  };
  Job job;
  job.arguments = Tuple{arguments, {}};
  const std::string sequence = first_tensor(job.arguments);
  const Tensor& input = tensor_at(job.arguments, sequence);
  if (input.rank() == 0) throw Error(Status::usage, "the first input has no dimensions that could be split");
  job.total = input.shape()[0];
  job.size = options.batch_size;
  if (job.size >= job.total) {
    auto results = flatten(call(module)(job.arguments));
    if (options.progress) options.progress(job.total, job.total);
    return results;
  }
  job.begin = [&]() -> Call {
    const auto copy = std::make_shared<const TorchModule>(module.copy());
    return [copy, call](const Value& part) { return call(*copy)(part); };
  };
  job.begin_anew = true;
  job.tolerance = module.rounding_share();
  Failures failures;
  const auto proved = try_plans(job, cuts_of_rows(job.arguments, sequence, job.total), false, failures);
  if (!proved) {
    // Such as a dtype that the model takes in no batch of any size.
    if (failures.proofs.empty() && failures.error->hint() != Hint::none) throw Error(*failures.error);
    const std::string why = failures.proofs.empty() ? failures.error->what() : failures.proofs.front().fault;
    throw Error(Status::bad_data,
                "batches do not give what the whole gives: " + why + "; run all rows at once",
                Hint::batch_size);
  }
  tell_of_rounding(job, *proved, options.notice);
  return run_parts(job, proved->plan, proved->axes, {}, options.progress);
}

}  // namespace zoo
