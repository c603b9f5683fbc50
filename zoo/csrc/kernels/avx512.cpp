#define ZOO_ISA avx512
#define ZOO_SIMD "kernels/simd_avx512.h"

#include "kernels/instantiate.h"
#include "kernels/tables.h"

namespace zoo::engine::avx512 {

const KernelTable& table() {
  static const KernelTable kTable = {
      {{project<Fp32>, step<Fp32>}, {project<Bf16>, step<Bf16>}, avx2::table().precision[2]},
      quantize_row,
      sigmoid_each,
      tanh_each,
      refined_tanh_each,
      avx2::table().log_bands,
      avx2::table().convolve};
  return kTable;
}

}  // namespace zoo::engine::avx512
