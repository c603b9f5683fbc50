#include "device.h"

#include <charconv>

#include "message.h"
#include "zoo/error.h"

namespace zoo {

DeviceName parse_device(std::string_view text) {
  if (text == "cpu") return {};
  if (text == "cuda") return {true, 0};
  constexpr std::string_view prefix = "cuda:";
  DeviceName device{true, 0};
  if (text.starts_with(prefix)) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + prefix.size(), end, device.index);
    if (error == std::errc() && stop == end && device.index >= 0) return device;
  }
  throw Error(Status::usage, "unknown device " + quote(text) + ", expected cpu, cuda or cuda:N");
}

}  // namespace zoo
