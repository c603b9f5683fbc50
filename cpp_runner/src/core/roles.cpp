#include "core/roles.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/message.h"
#include "zoo/error.h"

namespace zoo {
namespace {

using Json = nlohmann::json;

StreamRoles parse_method(const Json& json, const std::string& where) {
  const auto fail = [&](const std::string& problem) {
    throw Error(Status::bad_data, where + ": " + problem);
  };
  if (!json.is_object()) fail("expected an object with states, time_axis or every_chunk");
  StreamRoles roles;
  for (const auto& [key, value] : json.items()) {
    if (key == "time_axis" && value.is_number_unsigned()) {
      roles.time_axis = value.get<std::int64_t>();
    } else if (key == "every_chunk" && value.is_boolean()) {
      roles.every_chunk = value.get<bool>();
    } else if (key == "states" && value.is_array()) {
      roles.states.emplace();
      for (const Json& text : value) {
        const auto link = text.is_string() ? parse_state_link(text.get<std::string>()) : std::nullopt;
        if (!link) fail("a state is " + shorten(text.dump(), 40) + R"(, expected a text such as "1:1")");
        roles.states->push_back(*link);
      }
    } else {
      fail(quote(key) + " is " + shorten(value.dump(), 40) +
           ", expected states (a list), time_axis (a number from 0) or every_chunk (true or false)");
    }
  }
  return roles;
}

}  // namespace

std::optional<StateLink> parse_state_link(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return std::nullopt;
  return StateLink{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::map<std::string, StreamRoles> parse_roles(std::string_view json, const std::string& what) {
  const Json root = Json::parse(json, nullptr, false);
  if (!root.is_object()) throw Error(Status::bad_data, what + " is not a JSON object of methods");
  std::map<std::string, StreamRoles> roles;
  for (const auto& [method, value] : root.items()) roles[method] = parse_method(value, what + ", " + method);
  return roles;
}

std::string roles_text(const StreamRoles& roles) {
  std::vector<std::string> parts;
  if (roles.states && roles.states->empty()) parts.emplace_back("no states");
  if (roles.states) {
    for (const StateLink& link : *roles.states) parts.push_back(link.result + ":" + link.argument);
  }
  if (roles.every_chunk) parts.emplace_back("every chunk");
  if (roles.time_axis) parts.push_back("time axis " + std::to_string(*roles.time_axis));
  return join(parts);
}

}  // namespace zoo
