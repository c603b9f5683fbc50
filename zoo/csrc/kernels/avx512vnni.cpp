#define ZOO_ISA avx512vnni
#define ZOO_SIMD "kernels/simd_avx512.h"
#define ZOO_HAS_BYTE_DOT

#include "kernels/instantiate.h"
#include "kernels/tables.h"

namespace zoo::engine::avx512vnni {

const KernelTable& table() {
  static const KernelTable& plain = avx512::table();
  static const KernelTable kTable = {{plain.precision[0], plain.precision[1], {project<Int8>, step<Int8>}},
                                     quantize_row,
                                     plain.sigmoid,
                                     plain.tanh,
                                     plain.refined_tanh,
                                     plain.log_bands,
                                     plain.convolve};
  return kTable;
}

}  // namespace zoo::engine::avx512vnni
