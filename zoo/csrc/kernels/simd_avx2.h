#pragma once

// 8 floats, or 4 doubles, in one 256-bit register.

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace zoo::engine::ZOO_ISA {

inline constexpr int kLanes = 8;
inline constexpr int kRegisters = 16;

struct Floats {
  __m256 v;
};
struct Ints {
  __m256i v;
};

inline Floats load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline void store(float* p, Floats a) { _mm256_storeu_ps(p, a.v); }
inline Floats broadcast(float a) { return {_mm256_set1_ps(a)}; }
inline Floats add(Floats a, Floats b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Floats sub(Floats a, Floats b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Floats mul(Floats a, Floats b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Floats div(Floats a, Floats b) { return {_mm256_div_ps(a.v, b.v)}; }
inline Floats mul_add(Floats a, Floats b, Floats c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline Floats dot_add(Floats a, Floats b, Floats c) { return mul_add(a, b, c); }
inline Floats dot_add_once(const uint8_t* weight, Floats b, Floats c) {
  return dot_add(load(reinterpret_cast<const float*>(weight)), b, c);
}
// The second operand is the result where either is NaN.
inline Floats min(Floats a, Floats b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Floats max(Floats a, Floats b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Floats negative_abs(Floats a) { return {_mm256_or_ps(a.v, _mm256_set1_ps(-0.0f))}; }
inline Floats copy_sign(Floats magnitude, Floats sign) {
  const __m256 mask = _mm256_set1_ps(-0.0f);
  return {_mm256_or_ps(_mm256_andnot_ps(mask, magnitude.v), _mm256_and_ps(mask, sign.v))};
}
inline Floats where_not_negative(Floats x, Floats yes, Floats no) {
  return {_mm256_blendv_ps(no.v, yes.v, _mm256_cmp_ps(x.v, _mm256_setzero_ps(), _CMP_GE_OQ))};
}
inline Floats round_even(Floats a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline __m256 power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
// a * 2^n for whole n in [-252, 127], rounded once: the first factor never makes the product denormal.
inline Floats scale_by_power(Floats a, Floats n) {
  const __m256i whole = _mm256_cvtps_epi32(n.v);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  return {_mm256_mul_ps(_mm256_mul_ps(a.v, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)))};
}

inline float reduce_min(Floats a) {
  __m128 m = _mm_min_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  m = _mm_min_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_min_ss(m, _mm_shuffle_ps(m, m, 1)));
}
inline float reduce_max(Floats a) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}

inline __m256i load_bits(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
// Keeps a value in its register; the compiler would otherwise load it once more.
inline void hold(Floats& a) { asm("" : "+x"(a.v)); }
// The bfloat16 in the low half of each 32-bit lane, widened.
inline Floats widen_low_half(Floats a) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a.v), 16))};
}

inline Floats to_float(Ints a) { return {_mm256_cvtepi32_ps(a.v)}; }
inline Ints load_ints(const int32_t* p) { return {load_bits(reinterpret_cast<const uint8_t*>(p))}; }
inline Ints broadcast_int(int32_t a) { return {_mm256_set1_epi32(a)}; }
// a - b * c
inline Ints mul_sub(Ints a, Ints b, Ints c) { return {_mm256_sub_epi32(a.v, _mm256_mullo_epi32(b.v, c.v))}; }
// Whole floats in [0, 255] as bytes
inline void store_bytes(uint8_t* p, Floats a) {
  const __m256i words = _mm256_cvtps_epi32(a.v);
  const __m128i shorts = _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(shorts, shorts));
}

// Sums of products of unsigned by signed bytes. The 16-bit multiply of AVX2 on bytes saturates, so both are
// widened first; a lane then holds half of a unit's sum, and total() joins the halves.
struct ByteSums {
  __m256i low, high;  // units 0-3, 4-7
};
using Bytes = __m256i;
inline ByteSums no_sums() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline Bytes broadcast_bytes(const uint8_t* p) {
  int32_t four;
  std::memcpy(&four, p, 4);
  return _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
}
struct ByteWeights {
  __m256i low, high;
};
inline ByteWeights load_byte_weights(const uint8_t* p) {
  const auto* halves = reinterpret_cast<const __m128i*>(p);
  return {_mm256_cvtepi8_epi16(_mm_loadu_si128(halves)), _mm256_cvtepi8_epi16(_mm_loadu_si128(halves + 1))};
}
inline ByteSums dot_bytes(Bytes activations, ByteWeights weights, ByteSums sums) {
  return {_mm256_add_epi32(sums.low, _mm256_madd_epi16(activations, weights.low)),
          _mm256_add_epi32(sums.high, _mm256_madd_epi16(activations, weights.high))};
}
inline Ints total(ByteSums sums) {
  return {_mm256_permute4x64_epi64(_mm256_hadd_epi32(sums.low, sums.high), 0b11'01'10'00)};
}

inline constexpr int kDoubles = 4;
struct Doubles {
  __m256d v;
};
inline Doubles load(const double* p) { return {_mm256_loadu_pd(p)}; }
inline void store(double* p, Doubles a) { _mm256_storeu_pd(p, a.v); }
inline Doubles broadcast(double a) { return {_mm256_set1_pd(a)}; }
inline Doubles operator+(Doubles a, Doubles b) { return {_mm256_add_pd(a.v, b.v)}; }
inline Doubles operator-(Doubles a, Doubles b) { return {_mm256_sub_pd(a.v, b.v)}; }
inline Doubles operator*(Doubles a, Doubles b) { return {_mm256_mul_pd(a.v, b.v)}; }
inline Doubles dot_add(Doubles a, Doubles b, Doubles c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }
// The second operand is the result where either is NaN.
inline Doubles max(Doubles a, Doubles b) { return {_mm256_max_pd(a.v, b.v)}; }
inline Doubles reversed(Doubles a) { return {_mm256_permute4x64_pd(a.v, 0b00'01'10'11)}; }
inline double reduce_add(Doubles a) {
  const __m128d halves = _mm_add_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(halves, _mm_unpackhi_pd(halves, halves)));
}
inline Doubles widened(const float* p) { return {_mm256_cvtps_pd(_mm_loadu_ps(p))}; }
inline void store_narrowed(float* p, Doubles a) { _mm_storeu_ps(p, _mm256_cvtpd_ps(a.v)); }
// Of 8 floats the first, third, ... and the second, fourth, ...
inline void widen_alternate(const float* p, Doubles& even, Doubles& odd) {
  const __m128 a = _mm_loadu_ps(p), b = _mm_loadu_ps(p + 4);
  even.v = _mm256_cvtps_pd(_mm_shuffle_ps(a, b, 0b10'00'10'00));
  odd.v = _mm256_cvtps_pd(_mm_shuffle_ps(a, b, 0b11'01'11'01));
}
inline void transpose(Doubles (&a)[4]) {
  const __m256d low01 = _mm256_unpacklo_pd(a[0].v, a[1].v), high01 = _mm256_unpackhi_pd(a[0].v, a[1].v);
  const __m256d low23 = _mm256_unpacklo_pd(a[2].v, a[3].v), high23 = _mm256_unpackhi_pd(a[2].v, a[3].v);
  a[0].v = _mm256_permute2f128_pd(low01, low23, 0x20);
  a[1].v = _mm256_permute2f128_pd(high01, high23, 0x20);
  a[2].v = _mm256_permute2f128_pd(low01, low23, 0x31);
  a[3].v = _mm256_permute2f128_pd(high01, high23, 0x31);
}

}  // namespace zoo::engine::ZOO_ISA
