#include "cli/plain_state.h"

#include <string>
#include <utility>

#include "base/message.h"
#include "base/value.h"
#include "cli/input.h"
#include "cli/output.h"
#include "zoo/error.h"

namespace zoo::cli {
namespace {

// The places of the tensors that the arguments take as states. None takes one.
std::vector<std::string> state_places(const StreamRoles& roles, const Value& arguments) {
  std::vector<std::string> places;
  for (const StateLink& link : roles.states.value()) {
    const Value* value = find_value(arguments, link.argument);
    if (value == nullptr) {
      throw Error(Status::usage, "argument " + quote(link.argument) +
                                     " takes a state and is not given; write none in its place");
    }
    if (std::holds_alternative<std::monostate>(*value)) places.push_back(link.argument);
    for (const std::string& inner : tensor_places(*value)) {
      places.push_back(inner.empty() ? link.argument : link.argument + "." + inner);
    }
  }
  return places;
}

}  // namespace

void read_plain_state(const std::filesystem::path& path, const StreamRoles& roles,
                      std::vector<Value>& arguments) {
  Value whole = Tuple{std::move(arguments), {}};
  const std::vector<std::string> places = state_places(roles, whole);
  for (const std::string& place : places) {
    Value& value = *find_value(whole, place);
    RawLayout layout;
    if (const auto* tensor = std::get_if<Tensor>(&value)) layout = {tensor->dtype(), tensor->shape()};
    const auto file = places.size() == 1 ? path : with_name(path, place);
    value = read_tensor(file.native(), layout, "state");
  }
  arguments = std::move(std::get<Tuple>(whole).elements);
}

std::vector<NamedTensor> plain_state(const std::vector<NamedTensor>& results, const StreamRoles& roles) {
  std::vector<NamedTensor> state;
  for (const StateLink& link : roles.states.value()) {
    for (const NamedTensor& result : results) {
      if (result.name == link.result || link.result.empty()) {
        state.push_back({link.argument, result.tensor});
      } else if (result.name.starts_with(link.result + ".")) {
        state.push_back({link.argument + result.name.substr(link.result.size()), result.tensor});
      }
    }
  }
  return state;
}

}  // namespace zoo::cli
