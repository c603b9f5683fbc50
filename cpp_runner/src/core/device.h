// Names of devices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zoo {

struct DeviceName {
  bool cuda = false;
  std::int64_t index = 0;
  // "cpu" or "cuda": the key of the manifest's tolerances.
  [[nodiscard]] std::string kind() const { return cuda ? "cuda" : "cpu"; }
  [[nodiscard]] std::string text() const { return cuda ? "cuda:" + std::to_string(index) : "cpu"; }
};

// Reads "cpu", "cuda" or "cuda:N". Throws Error(usage).
DeviceName parse_device(std::string_view text);

}  // namespace zoo
