#include "zoo/version.h"

#include <torch/headeronly/version.h>

// Declared here rather than included: the header it stands in pulls in half of torch, and this one function
// is what has to work when the rest no longer fits.
extern "C" std::uint64_t aoti_torch_abi_version();

namespace zoo {

std::string package_version() { return ZOO_VERSION; }
std::uint64_t libtorch_built() { return TORCH_ABI_VERSION; }
std::uint64_t libtorch_found() { return aoti_torch_abi_version(); }

}  // namespace zoo
