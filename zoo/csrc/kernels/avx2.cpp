#define ZOO_ISA avx2
#define ZOO_SIMD "kernels/simd_avx2.h"
#define ZOO_HAS_BYTE_DOT

#include "kernels/convolution.h"
#include "kernels/instantiate.h"
#include "kernels/log_bands.h"
#include "kernels/tables.h"

namespace zoo::engine::avx2 {

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

}  // namespace zoo::engine::avx2
