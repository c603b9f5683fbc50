// The versions of this library, of the LibTorch that it was compiled against, and of the one in the process.
#pragma once

#include <cstdint>
#include <string>

#include "zoo/export.h"

namespace zoo {

// "0.1.0"
ZOO_API std::string package_version();
// As LibTorch packs it: major, minor and patch in the three highest bytes.
ZOO_API std::uint64_t libtorch_built();
ZOO_API std::uint64_t libtorch_found();
// "2.13.0"
ZOO_API std::string libtorch_version_text(std::uint64_t version);

struct VersionCheck {
  enum class Verdict { same, warn, refuse } verdict = Verdict::same;
  std::string message;  // empty where both are the same
};

// LibTorch keeps its C++ ABI within a patch series at most: another patch earns a warning, another minor
// version is refused.
ZOO_API VersionCheck compare_libtorch(std::uint64_t built, std::uint64_t found);

}  // namespace zoo
