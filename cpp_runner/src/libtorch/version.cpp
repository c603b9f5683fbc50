#include "zoo/version.h"

#include <torch/headeronly/version.h>

// Declared here rather than included: its header pulls in half of torch, and this one function must work when
// the rest does not fit.
extern "C" std::uint64_t aoti_torch_abi_version();

namespace zoo {

std::uint64_t libtorch_built() { return TORCH_ABI_VERSION; }
std::uint64_t libtorch_found() { return aoti_torch_abi_version(); }

}  // namespace zoo
