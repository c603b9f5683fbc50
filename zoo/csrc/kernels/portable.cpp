#define ZOO_ISA portable
#define ZOO_SIMD "kernels/simd_portable.h"
#define ZOO_HAS_BYTE_DOT

#include "kernels/convolution.h"
#include "kernels/instantiate.h"
#include "kernels/log_bands.h"
#include "kernels/tables.h"

namespace zoo::engine::portable {

const KernelTable& table() {
  static constexpr KernelTable kTable = {
      {{project<Fp32>, step<Fp32>}, {project<Bf16>, step<Bf16>}, {project<Int8>, step<Int8>}},
      quantize_row,
      sigmoid_each,
      tanh_each,
      refined_tanh_each,
      log_bands,
      convolve};
  return kTable;
}

}  // namespace zoo::engine::portable
