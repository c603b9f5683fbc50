#pragma once

#include "kernels/views.h"

namespace zoo::engine {

namespace portable {
const KernelTable& table();
}
#if defined(__x86_64__)
namespace avx2 {
const KernelTable& table();
}
namespace avx512 {
const KernelTable& table();  // its kernels of int8 and doubles are those of avx2
}
namespace avx512vnni {
const KernelTable& table();  // avx512 with int8 on VNNI
}
#endif

}  // namespace zoo::engine
