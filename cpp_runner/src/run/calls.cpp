#include "run/calls.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/message.h"
#include "base/value.h"
#include "run/parts.h"
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

struct Proved {
  Plan plan;
  Axes axes;
};

struct Failures {
  std::vector<Proof> proofs;
  std::optional<Error> error;  // of the model, or of results that cannot be put together
};

// The first plan whose parts give what the whole gives.
std::optional<Proved> try_plans(const Job& job, const std::vector<std::vector<Cut>>& choices, bool with_links,
                                Failures& failures) {
  for (const std::vector<Cut>& cuts : choices) {
    try {
      Proof plain = prove(job, {cuts, {}});
      const auto links = with_links ? find_links(job, cuts, plain.axes) : std::vector<StateLink>{};
      if (!links.empty()) {
        Proof linked = prove(job, {cuts, links});
        linked.links = links;
        if (linked.fault.empty()) return Proved{{cuts, links}, std::move(linked.axes)};
        failures.proofs.push_back(std::move(linked));
      }
      if (plain.fault.empty()) return Proved{{cuts, {}}, std::move(plain.axes)};
      failures.proofs.push_back(std::move(plain));
    } catch (const Error& error) {
      if (!failures.error) failures.error = error;
    }
  }
  return std::nullopt;
}

[[noreturn]] void fail_chunks(const Failures& failures, const CallOptions& options) {
  const auto& proofs = failures.proofs;
  const auto fixed = std::ranges::find_if(proofs, &Proof::only_fixed);
  if (fixed != proofs.end() && !options.roles.every_chunk) {
    throw Error(
        Status::bad_data,
        fixed->fault + " in the last chunk, and does not grow with the steps; ask for that of every chunk",
        Hint::every_chunk);
  }
  if (proofs.empty()) {  // the model may take no other size than that of a chunk
    throw Error(Status::bad_data, failures.error->what(),
                options.roles.every_chunk ? Hint::none : Hint::every_chunk);
  }
  throw Error(Status::bad_data,
              "chunks do not give what the whole gives: " + proofs.front().fault +
                  "; say which results are the next states, or run all at once",
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

// The caller says what is a state, so nothing is compared.
Proved stated_plan(const Job& job, const std::vector<Cut>& cuts, const CallOptions& options) {
  bool only_one_size = false;
  Proved stated{{cuts, options.roles.states}, axes_of_chunks(job, cuts, only_one_size)};
  if (only_one_size && !options.roles.every_chunk) {
    throw Error(
        Status::bad_data,
        "the model takes no other chunk than " + std::to_string(job.size) +
            " steps, so nothing tells which results grow with them; ask for the results of every chunk",
        Hint::every_chunk);
  }
  return stated;
}

// A model that takes only chunks of one size cannot run the whole; what it gives for each chunk stands for
// itself.
bool takes_only_one_size(const Job& job, const std::vector<Cut>& cuts) {
  bool only_one_size = false;
  axes_of_chunks(job, cuts, only_one_size);
  return only_one_size;
}

Proved plan_chunks(const Job& job, const std::vector<std::vector<Cut>>& choices, const CallOptions& options) {
  if (!options.roles.states.empty()) return stated_plan(job, choices.front(), options);
  if (options.roles.every_chunk && takes_only_one_size(job, choices.back())) {
    Proved plan = stated_plan(job, choices.back(), options);
    plan.plan.links = find_links(job, choices.back(), plan.axes);
    return plan;
  }
  Failures failures;
  if (auto proved = try_plans(job, choices, true, failures)) return std::move(*proved);
  fail_chunks(failures, options);
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
  const Proved proved = plan_chunks(job, choices, options);
  return run_parts(job, proved.plan, proved.axes, call, {});
}

std::vector<StateLink> find_states(const TorchModule& module, const Value& arguments,
                                   const StreamOptions& options) {
  if (!options.roles.states.empty()) return options.roles.states;
  const std::string sequence = first_tensor(arguments);
  if (!has_slots(arguments, {{sequence, 0}})) return {};  // nothing that could be a state
  const Tensor& input = tensor_at(arguments, sequence);
  CallOptions call;
  call.method = options.method;
  call.roles.time_axis = options.roles.time_axis;
  const std::size_t axis = find_time_axis(input, call);
  call.chunk = input.shape()[axis] / 2;
  const auto fail = [](const std::string& why) {
    throw Error(Status::bad_data, "the first chunk does not tell which results are the next states: " + why,
                Hint::states);
  };
  if (call.chunk == 0) fail("it has one step");
  Job job = make_chunk_job(module, arguments, call, axis);
  Failures failures;
  const auto proved = try_plans(job, cuts_of_steps(arguments, sequence, axis), true, failures);
  if (proved) return proved->plan.links;
  // A result that does not grow stands for its chunk; what is carried was right.
  for (const Proof& proof : failures.proofs) {
    if (proof.only_fixed) return proof.links;
  }
  fail(failures.proofs.empty() ? failures.error->what() : failures.proofs.front().fault);
  return {};
}

std::vector<NamedTensor> call_in_batches(const TorchModule& module, const std::vector<Value>& arguments,
                                         const CallOptions& options) {
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
    const std::string why = failures.proofs.empty() ? failures.error->what() : failures.proofs.front().fault;
    throw Error(Status::bad_data,
                "batches do not give what the whole gives: " + why + "; run all rows at once",
                Hint::batch_size);
  }
  return run_parts(job, proved->plan, proved->axes, {}, options.progress);
}

}  // namespace zoo
