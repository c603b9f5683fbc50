#pragma once

// 16 floats in one 512-bit register.

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace zoo::engine::ZOO_ISA {

inline constexpr int kLanes = 16;
inline constexpr int kRegisters = 32;

struct Floats {
  __m512 v;
};
struct Ints {
  __m512i v;
};

inline Floats load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, Floats a) { _mm512_storeu_ps(p, a.v); }
inline Floats broadcast(float a) { return {_mm512_set1_ps(a)}; }
inline Floats add(Floats a, Floats b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Floats sub(Floats a, Floats b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Floats mul(Floats a, Floats b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Floats div(Floats a, Floats b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Floats mul_add(Floats a, Floats b, Floats c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Floats dot_add(Floats a, Floats b, Floats c) {
  // The same, but the sum stays in its register: GCC 12 takes another and moves it back, one move a product.
  asm("vfmadd231ps %2, %1, %0" : "+v"(c.v) : "v"(a.v), "v"(b.v));
  return c;
}
// The same with a weight that is used once: read by the product itself, it takes one place in the processor's
// queue and not two, and so more of the weights to come are on their way.
inline Floats dot_add_once(const uint8_t* weight, Floats b, Floats c) {
  asm("vfmadd231ps %2, %1, %0" : "+v"(c.v) : "v"(b.v), "m"(*reinterpret_cast<const __m512_u*>(weight)));
  return c;
}
// The second operand is the result where either is NaN.
inline Floats min(Floats a, Floats b) { return {_mm512_min_ps(a.v, b.v)}; }
inline Floats max(Floats a, Floats b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Floats negative_abs(Floats a) { return {_mm512_or_ps(a.v, _mm512_set1_ps(-0.0f))}; }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  const __m512 mask = _mm512_set1_ps(-0.0f);
  return {_mm512_or_ps(_mm512_andnot_ps(mask, magnitude.v), _mm512_and_ps(mask, sign.v))};
}
inline Floats where_not_negative(Floats x, Floats yes, Floats no) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_GE_OQ), no.v, yes.v)};
}
inline Floats round_even(Floats a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// a * 2^n for whole n in [-252, 127], rounded once
inline Floats scale_by_power(Floats a, Floats n) { return {_mm512_scalef_ps(a.v, n.v)}; }

inline float reduce_min(Floats a) { return _mm512_reduce_min_ps(a.v); }
inline float reduce_max(Floats a) { return _mm512_reduce_max_ps(a.v); }

// Keeps a value in its register; the compiler would otherwise load it once more.
inline void hold(Floats& a) { asm("" : "+v"(a.v)); }
// The bfloat16 in the low half of each 32-bit lane, widened.
inline Floats widen_low_half(Floats a) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a.v), 16))};
}

inline Floats to_float(Ints a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline Ints load_ints(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline Ints broadcast_int(int32_t a) { return {_mm512_set1_epi32(a)}; }
// a - b * c
inline Ints mul_sub(Ints a, Ints b, Ints c) { return {_mm512_sub_epi32(a.v, _mm512_mullo_epi32(b.v, c.v))}; }
// Whole floats in [0, 255] as bytes
inline void store_bytes(uint8_t* p, Floats a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a.v)));
}

#if defined(__AVX512VNNI__)
// Sums of products of four unsigned by four signed bytes in each lane.
struct ByteSums {
  __m512i v;
};
using Bytes = __m512i;
inline ByteSums no_sums() { return {_mm512_setzero_si512()}; }
inline Bytes broadcast_bytes(const uint8_t* p) {
  int32_t four;
  std::memcpy(&four, p, 4);
  return _mm512_set1_epi32(four);
}
using ByteWeights = __m512i;
inline ByteWeights load_byte_weights(const uint8_t* p) { return _mm512_loadu_si512(p); }
inline ByteSums dot_bytes(Bytes activations, ByteWeights weights, ByteSums sums) {
  // Not _mm512_dpbusd_epi32: around it GCC 12 moves each sum out of its register and back.
  asm("vpdpbusd %2, %1, %0" : "+v"(sums.v) : "v"(activations), "v"(weights));
  return sums;
}
inline Ints total(ByteSums sums) { return {sums.v}; }
#endif

}  // namespace zoo::engine::ZOO_ISA
