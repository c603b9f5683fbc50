#pragma once

// sigmoid and tanh for the gates, over the whole float range. Largest errors, found by trying all floats:
// sigmoid 2.41 ULP, tanh 2.50 ULP, refined_tanh 1.45 ULP (tests/test_kernels_gates.py). NaN gives NaN.

#include "kernels/simd.h"

namespace zoo::engine::ZOO_ISA {

// exp(y) = 2^n * (1 + q) for y <= 0, with q = exp(r) - 1 and |r| <= ln(2) / 2.
struct Exponential {
  Floats n, q;
};

// Minimax polynomials of (exp(r) - 1 - r) / r^2, from the highest power down: relative error of q 1.3e-8 and
// 3e-10.
inline constexpr float kDegree4[] = {1.38825213e-3f, 8.36652052e-3f, 4.16672006e-2f, 1.66665435e-1f,
                                     4.99999970e-1f};
inline constexpr float kDegree5[] = {1.99633879e-4f, 1.39437545e-3f, 8.33321771e-3f,
                                     4.16663201e-2f, 1.66666669e-1f, 5.00000005e-1f};

template <int COUNT>
[[gnu::always_inline]] inline Exponential split_exponential(Floats y, const float (&polynomial)[COUNT]) {
  const Floats n = round_even(mul(y, broadcast(1.44269504f)));
  Floats r = mul_add(n, broadcast(-0.693359375f), y);  // exact: the high part of ln(2) has 9 bits
  r = mul_add(n, broadcast(2.12194440e-4f), r);
  Floats p = broadcast(polynomial[0]);
  for (int i = 1; i < COUNT; ++i) p = mul_add(p, r, broadcast(polynomial[i]));
  return {n, mul_add(mul(r, r), p, r)};
}

// A function as a quotient: a product of functions then needs only one division, the slowest instruction
// here.
struct Fraction {
  Floats top, bottom;
};

[[gnu::always_inline]] inline Floats value(Fraction a) { return div(a.top, a.bottom); }
[[gnu::always_inline]] inline Floats product(Fraction a, Fraction b) {
  return div(mul(a.top, b.top), mul(a.bottom, b.bottom));
}

// e / (1 + e) or 1 / (1 + e) with e = exp(-|x|): small results keep their relative accuracy.
[[gnu::always_inline]] inline Fraction sigmoid(Floats x) {
  const Floats one = broadcast(1.0f);
  const Exponential part =
      split_exponential(max(broadcast(-104.0f), negative_abs(x)), kDegree4);  // exp(-104) rounds to 0
  const Floats e = scale_by_power(add(one, part.q), part.n);
  return {where_not_negative(x, one, e), add(one, e)};
}

// -t / (2 + t) with t = exp(-2|x|) - 1, which has no cancellation near zero.
[[gnu::always_inline]] inline Fraction tanh(Floats x) {
  const Floats one = broadcast(1.0f);
  const Floats y = mul(broadcast(2.0f), negative_abs(x));
  const Exponential part = split_exponential(max(broadcast(-40.0f), y), kDegree4);  // tanh is 1 well before
  const Floats power = scale_by_power(one, part.n);
  const Floats t = mul_add(power, part.q, sub(power, one));
  return {copy_sign(t, x), add(broadcast(2.0f), t)};
}

// tanh, corrected for the rounding of its numerator, denominator and quotient. The RNN's state is this
// function's value, so its error is not damped from step to step; a gated state is an average, which damps
// it.
[[gnu::always_inline]] inline Floats refined_tanh(Floats x) {
  const Floats zero = broadcast(0.0f), one = broadcast(1.0f), two = broadcast(2.0f);
  const Floats y = mul(two, negative_abs(x));
  const Exponential part = split_exponential(max(broadcast(-40.0f), y), kDegree5);
  const Floats power = scale_by_power(one, part.n);
  const Floats less = sub(power, one);
  const Floats t = mul_add(power, part.q, less), t_low = mul_add(power, part.q, sub(less, t));
  const Floats d = add(two, t), d_low = sub(t, sub(d, two));
  const Floats quotient = div(sub(zero, t), d);
  // The remainder of (t + t_low) + quotient * (d + d_low + t_low) = 0, over d by a line: 1 <= d <= 2.
  Floats missing = mul_add(quotient, d_low, mul_add(quotient, d, t));
  missing = mul_add(t_low, add(one, quotient), missing);
  const Floats inverse = mul_add(d, broadcast(-0.5f), broadcast(1.457f));
  return copy_sign(sub(quotient, mul(missing, inverse)), x);
}

}  // namespace zoo::engine::ZOO_ISA
