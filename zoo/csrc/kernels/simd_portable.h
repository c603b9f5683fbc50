#pragma once

// Four floats, or four doubles, in plain C++: the scalar twin of the vector code, for any processor.

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

namespace zoo::engine::ZOO_ISA {

inline constexpr int kLanes = 4;
inline constexpr int kRegisters = 16;

// Vector types of GCC and Clang, on every processor: arrays with loops compile three times as slowly.
using FloatVector [[gnu::vector_size(16)]] = float;
using IntVector [[gnu::vector_size(16)]] = int32_t;
struct Floats {
  FloatVector v;
};
struct Ints {
  IntVector v;
};

template <class Result = Floats, class Function>
inline Result each_lane(Function function) {
  Result result;
  for (int i = 0; i < kLanes; ++i) result.v[i] = function(i);
  return result;
}

inline Floats load(const float* p) {
  Floats a;
  std::memcpy(&a, p, sizeof(a));
  return a;
}
inline void store(float* p, Floats a) { std::memcpy(p, &a, sizeof(a)); }
inline Floats broadcast(float a) { return {FloatVector{a, a, a, a}}; }
inline Floats add(Floats a, Floats b) { return {a.v + b.v}; }
inline Floats sub(Floats a, Floats b) { return {a.v - b.v}; }
inline Floats mul(Floats a, Floats b) { return {a.v * b.v}; }
inline Floats div(Floats a, Floats b) { return {a.v / b.v}; }
// Rounded once, as the vector code does, so that gates and int8 agree to the bit.
inline Floats mul_add(Floats a, Floats b, Floats c) {
  return each_lane([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
// For the long sums of products: without fused hardware std::fma is far slower, and nothing is gained.
inline Floats dot_add(Floats a, Floats b, Floats c) { return {a.v * b.v + c.v}; }
inline Floats dot_add_once(const uint8_t* weight, Floats b, Floats c) {
  return dot_add(load(reinterpret_cast<const float*>(weight)), b, c);
}
// The second operand is the result where either is NaN.
inline Floats min(Floats a, Floats b) { return {a.v < b.v ? a.v : b.v}; }
inline Floats max(Floats a, Floats b) { return {a.v > b.v ? a.v : b.v}; }
inline Floats negative_abs(Floats a) {
  return each_lane([&](int i) { return -std::fabs(a.v[i]); });
}
inline Floats copy_sign(Floats magnitude, Floats sign) {
  return each_lane([&](int i) { return std::copysign(magnitude.v[i], sign.v[i]); });
}
inline Floats where_not_negative(Floats x, Floats yes, Floats no) { return {x.v >= 0.0f ? yes.v : no.v}; }
inline Floats round_even(Floats a) {
  return each_lane([&](int i) { return std::nearbyint(a.v[i]); });
}
// a * 2^n for whole n in [-252, 127], rounded once
inline Floats scale_by_power(Floats a, Floats n) {
  return each_lane([&](int i) {
    if (!(n.v[i] >= -252.0f && n.v[i] <= 127.0f)) return a.v[i] * n.v[i];  // NaN: no integer to convert to
    return std::ldexp(a.v[i], static_cast<int>(n.v[i]));
  });
}

inline float reduce_min(Floats a) {
  float result = a.v[0];
  for (int i = 1; i < kLanes; ++i) result = a.v[i] < result ? a.v[i] : result;
  return result;
}
inline float reduce_max(Floats a) {
  float result = a.v[0];
  for (int i = 1; i < kLanes; ++i) result = a.v[i] > result ? a.v[i] : result;
  return result;
}

// The bfloat16 in the low half of each 32-bit lane, widened.
inline Floats widen_low_half(Floats a) {
  return each_lane([&](int i) { return std::bit_cast<float>(std::bit_cast<uint32_t>(a.v[i]) << 16); });
}
inline void hold(Floats&) {}

inline Floats to_float(Ints a) {
  return each_lane([&](int i) { return static_cast<float>(a.v[i]); });
}
inline Ints load_ints(const int32_t* p) {
  Ints a;
  std::memcpy(&a, p, sizeof(a));
  return a;
}
inline Ints broadcast_int(int32_t a) { return {IntVector{a, a, a, a}}; }
// a - b * c
inline Ints mul_sub(Ints a, Ints b, Ints c) { return {a.v - b.v * c.v}; }
// Whole floats in [0, 255] as bytes; a NaN, whose row is marked by its scale, gives zero.
inline void store_bytes(uint8_t* p, Floats a) {
  for (int i = 0; i < kLanes; ++i) p[i] = a.v[i] >= 0.0f ? static_cast<uint8_t>(a.v[i]) : uint8_t{0};
}

// Sums of products of four unsigned by four signed bytes in each lane.
using ByteSums = Ints;
struct Bytes {
  int32_t v[4];
};
inline ByteSums no_sums() { return broadcast_int(0); }
inline Bytes broadcast_bytes(const uint8_t* p) { return {{p[0], p[1], p[2], p[3]}}; }
using ByteWeights = const uint8_t*;
inline ByteWeights load_byte_weights(const uint8_t* p) { return p; }
inline ByteSums dot_bytes(Bytes activations, ByteWeights weights, ByteSums sums) {
  for (int k = 0; k < 4; ++k) {
    const auto* column = reinterpret_cast<const int8_t*>(weights) + k;
    sums.v += activations.v[k] * IntVector{column[0], column[4], column[8], column[12]};
  }
  return sums;
}
inline Ints total(ByteSums sums) { return sums; }

inline constexpr int kDoubles = 4;
struct Doubles {
  double v[4];
};
inline Doubles load(const double* p) {
  Doubles a;
  std::memcpy(&a, p, sizeof(a));
  return a;
}
inline void store(double* p, Doubles a) { std::memcpy(p, &a, sizeof(a)); }
inline Doubles broadcast(double a) { return {{a, a, a, a}}; }
inline Doubles operator+(Doubles a, Doubles b) {
  return each_lane<Doubles>([&](int i) { return a.v[i] + b.v[i]; });
}
inline Doubles operator-(Doubles a, Doubles b) {
  return each_lane<Doubles>([&](int i) { return a.v[i] - b.v[i]; });
}
inline Doubles operator*(Doubles a, Doubles b) {
  return each_lane<Doubles>([&](int i) { return a.v[i] * b.v[i]; });
}
inline Doubles dot_add(Doubles a, Doubles b, Doubles c) { return a * b + c; }
// The second operand is the result where either is NaN.
inline Doubles max(Doubles a, Doubles b) {
  return each_lane<Doubles>([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline Doubles reversed(Doubles a) { return {{a.v[3], a.v[2], a.v[1], a.v[0]}}; }
inline double reduce_add(Doubles a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
inline Doubles widened(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
inline void store_narrowed(float* p, Doubles a) {
  for (int i = 0; i < kDoubles; ++i) p[i] = static_cast<float>(a.v[i]);
}
// Of 8 floats the first, third, ... and the second, fourth, ...
inline void widen_alternate(const float* p, Doubles& even, Doubles& odd) {
  even = {{p[0], p[2], p[4], p[6]}};
  odd = {{p[1], p[3], p[5], p[7]}};
}
inline void transpose(Doubles (&a)[4]) {
  for (int i = 0; i < kDoubles; ++i) {
    for (int j = i + 1; j < kDoubles; ++j) std::swap(a[i].v[j], a[j].v[i]);
  }
}

}  // namespace zoo::engine::ZOO_ISA
