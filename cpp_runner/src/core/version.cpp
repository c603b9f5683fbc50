#include "zoo/version.h"

namespace zoo {
namespace {

// Major and minor.
std::uint64_t series(std::uint64_t version) { return version >> 48; }

}  // namespace

std::string package_version() { return ZOO_VERSION; }

std::string libtorch_version_text(std::uint64_t version) {
  return std::to_string(version >> 56) + "." + std::to_string((version >> 48) & 0xFFU) + "." +
         std::to_string((version >> 40) & 0xFFU);
}

VersionCheck compare_libtorch(std::uint64_t built, std::uint64_t found) {
  if (built == found) return {};
  const std::string versions =
      "built with LibTorch " + libtorch_version_text(built) + ", found " + libtorch_version_text(found);
  if (series(built) == series(found)) return {VersionCheck::Verdict::warn, versions};
  return {VersionCheck::Verdict::refuse, versions + "; run pip install torch==" +
                                             libtorch_version_text(built) + ", or reinstall recurrent-zoo"};
}

}  // namespace zoo
