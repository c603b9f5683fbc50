// What a TorchScript file without a manifest says of its streams, in zoo_roles.json inside it or in
// FILE.roles.json beside it: {"forward": {"time_axis": 1, "states": ["1:1", "2:2"], "every_chunk": false}}.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "zoo/options.h"

namespace zoo {

// Reads "RESULT:ARGUMENT"; nothing where the text is anything else.
std::optional<StateLink> parse_state_link(std::string_view text);

// The roles by method. `what` names the source in messages. Throws Error(bad_data).
std::map<std::string, StreamRoles> parse_roles(std::string_view json, const std::string& what);

// "1:1,2:2, every chunk, time axis 0"
std::string roles_text(const StreamRoles& roles);

}  // namespace zoo
