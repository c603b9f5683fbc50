#include "zoo/version.h"

#include <torch/headeronly/version.h>

// Declared here rather than included: the header it stands in pulls in half of torch, and this one function
// is what has to work when the rest no longer fits.
extern "C" std::uint64_t aoti_torch_abi_version();

namespace zoo {
namespace {

// Major and minor.
std::uint64_t series(std::uint64_t packed) { return packed >> 48; }

}  // namespace

std::string package_version() { return ZOO_VERSION; }
std::uint64_t libtorch_built() { return TORCH_ABI_VERSION; }
std::uint64_t libtorch_found() { return aoti_torch_abi_version(); }

std::string libtorch_version_text(std::uint64_t packed) {
  return std::to_string(packed >> 56) + "." + std::to_string((packed >> 48) & 0xFFU) + "." +
         std::to_string((packed >> 40) & 0xFFU);
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
