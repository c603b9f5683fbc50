#include "core/device.h"

#include "base/message.h"
#include "base/numbers.h"
#include "zoo/error.h"

namespace zoo {

DeviceName parse_device(std::string_view text) {
  if (text == "cpu") return {};
  if (text == "cuda") return {true, 0};
  constexpr std::string_view prefix = "cuda:";
  if (text.starts_with(prefix)) {
    const auto index = parse_number<std::int64_t>(text.substr(prefix.size()));
    if (index && *index >= 0) return {true, *index};
  }
  throw Error(Status::usage, "unknown device " + quote(text) + ", expected cpu, cuda or cuda:N");
}

}  // namespace zoo
