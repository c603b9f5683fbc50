#pragma once

// The Fourier transform of complex numbers, by Stockham's algorithm: each stage writes its results in the
// order that the next one reads. Real and imaginary parts lie in arrays of their own.

#include "kernels/simd.h"
#include "kernels/sliding_views.h"

namespace zoo::engine::ZOO_ISA {

// The operations on four numbers, and on one, which has the same names.
inline double load_as(const double* p, double) { return *p; }
inline Doubles load_as(const double* p, Doubles) { return load(p); }
inline double broadcast_as(double a, double) { return a; }
inline Doubles broadcast_as(double a, Doubles) { return broadcast(a); }
inline void store(double* p, double a) { *p = a; }

template <class V>
struct Complex {
  V re, im;
};
template <class V>
[[gnu::always_inline]] inline Complex<V> operator+(Complex<V> a, Complex<V> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class V>
[[gnu::always_inline]] inline Complex<V> operator-(Complex<V> a, Complex<V> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class V>
[[gnu::always_inline]] inline Complex<V> operator*(Complex<V> a, Complex<V> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class V>
[[gnu::always_inline]] inline Complex<V> scaled(Complex<V> a, double factor) {
  const V f = broadcast_as(factor, V{});
  return {a.re * f, a.im * f};
}
// a - i b and a + i b
template <class V>
[[gnu::always_inline]] inline Complex<V> minus_i(Complex<V> a, Complex<V> b) {
  return {a.re + b.im, a.im - b.re};
}
template <class V>
[[gnu::always_inline]] inline Complex<V> plus_i(Complex<V> a, Complex<V> b) {
  return {a.re - b.im, a.im + b.re};
}

template <class V>
[[gnu::always_inline]] inline void butterfly(Complex<V> (&a)[2]) {
  const Complex<V> first = a[0];
  a[0] = first + a[1];
  a[1] = first - a[1];
}
template <class V>
[[gnu::always_inline]] inline void butterfly(Complex<V> (&a)[3]) {
  constexpr double kSine = 0.86602540378443864676;  // of 60 degrees
  const Complex<V> sum = a[1] + a[2], middle = a[0] - scaled(sum, 0.5), turned = scaled(a[1] - a[2], kSine);
  a[0] = a[0] + sum;
  a[1] = minus_i(middle, turned);
  a[2] = plus_i(middle, turned);
}
template <class V>
[[gnu::always_inline]] inline void butterfly(Complex<V> (&a)[4]) {
  const Complex<V> even = a[0] + a[2], even_less = a[0] - a[2], odd = a[1] + a[3], odd_less = a[1] - a[3];
  a[0] = even + odd;
  a[1] = minus_i(even_less, odd_less);
  a[2] = even - odd;
  a[3] = plus_i(even_less, odd_less);
}
template <class V>
[[gnu::always_inline]] inline void butterfly(Complex<V> (&a)[5]) {
  constexpr double kCosine1 = 0.30901699437494742410,
                   kCosine2 = -0.80901699437494742410;  // of 72, 144 degrees
  constexpr double kSine1 = 0.95105651629515357212, kSine2 = 0.58778525229247312917;
  const Complex<V> outer = a[1] + a[4], inner = a[2] + a[3], outer_less = a[1] - a[4],
                   inner_less = a[2] - a[3];
  const Complex<V> middle1 = a[0] + (scaled(outer, kCosine1) + scaled(inner, kCosine2));
  const Complex<V> middle2 = a[0] + (scaled(outer, kCosine2) + scaled(inner, kCosine1));
  const Complex<V> turned1 = scaled(outer_less, kSine1) + scaled(inner_less, kSine2);
  const Complex<V> turned2 = scaled(outer_less, kSine2) - scaled(inner_less, kSine1);
  a[0] = a[0] + (outer + inner);
  a[1] = minus_i(middle1, turned1);
  a[2] = minus_i(middle2, turned2);
  a[3] = plus_i(middle2, turned2);
  a[4] = plus_i(middle1, turned1);
}

struct Parts {
  double *re, *im;
};
struct ConstParts {
  const double *re, *im;

  ConstParts(const double* re, const double* im) : re(re), im(im) {}
  ConstParts(const Parts& parts) : re(parts.re), im(parts.im) {}  // NOLINT: what may be written may be read
};

// One stage: transforms of radix * rest numbers, `stride` of them interleaved.
struct Stage {
  Parts from, to;
  int64_t rest, stride;
  const double* twiddles;
};

template <class V>
[[gnu::always_inline]] inline Complex<V> load_complex(const ConstParts& parts, int64_t at) {
  return {load_as(parts.re + at, V{}), load_as(parts.im + at, V{})};
}
template <class V>
[[gnu::always_inline]] inline void store_complex(const Parts& parts, int64_t at, Complex<V> a) {
  store(parts.re + at, a.re);
  store(parts.im + at, a.im);
}

// The butterfly of number p for as many interleaved transforms as V has lanes, from q on.
template <int RADIX, class V>
[[gnu::always_inline]] inline void turn(const Stage& s, int64_t p, int64_t q) {
  Complex<V> a[RADIX];
  for (int k = 0; k < RADIX; ++k) a[k] = load_complex<V>(s.from, q + s.stride * (p + s.rest * k));
  butterfly(a);
  for (int k = 1; k < RADIX; ++k) {
    const double* twiddle = s.twiddles + 2 * (k - 1) * s.rest + p;
    a[k] = a[k] * Complex<V>{broadcast_as(twiddle[0], V{}), broadcast_as(twiddle[s.rest], V{})};
  }
  for (int k = 0; k < RADIX; ++k) store_complex(s.to, q + s.stride * (RADIX * p + k), a[k]);
}

// Four butterflies of one transform, whose results lie side by side.
inline void turn_first(const Stage& s, int64_t p) {
  Complex<Doubles> a[4];
  for (int k = 0; k < 4; ++k) a[k] = load_complex<Doubles>(s.from, p + s.rest * k);
  butterfly(a);
  for (int k = 1; k < 4; ++k) {
    const double* twiddle = s.twiddles + 2 * (k - 1) * s.rest + p;
    a[k] = a[k] * Complex<Doubles>{load(twiddle), load(twiddle + s.rest)};
  }
  Doubles re[4] = {a[0].re, a[1].re, a[2].re, a[3].re}, im[4] = {a[0].im, a[1].im, a[2].im, a[3].im};
  transpose(re);
  transpose(im);
  for (int k = 0; k < 4; ++k) store_complex<Doubles>(s.to, 4 * (p + k), {re[k], im[k]});
}

template <int RADIX>
inline void run_stage(const Stage& s) {
  if (s.stride % kDoubles == 0) {
    for (int64_t p = 0; p < s.rest; ++p) {
      for (int64_t q = 0; q < s.stride; q += kDoubles) turn<RADIX, Doubles>(s, p, q);
    }
    return;
  }
  if constexpr (RADIX == 4) {
    if (s.stride == 1 && s.rest % kDoubles == 0) {
      for (int64_t p = 0; p < s.rest; p += kDoubles) turn_first(s, p);
      return;
    }
  }
  for (int64_t p = 0; p < s.rest; ++p) {
    for (int64_t q = 0; q < s.stride; ++q) turn<RADIX, double>(s, p, q);
  }
}

// A stage of any radix, by the definition of the transform.
inline void run_plain_stage(const Stage& s, int64_t radix) {
  const double* roots = s.twiddles + 2 * (radix - 1) * s.rest;
  for (int64_t p = 0; p < s.rest; ++p) {
    for (int64_t q = 0; q < s.stride; ++q) {
      for (int64_t k = 0; k < radix; ++k) {
        Complex<double> sum = {0.0, 0.0};
        for (int64_t j = 0; j < radix; ++j) {
          const int64_t root = j * k % radix;
          sum = sum + load_complex<double>(s.from, q + s.stride * (p + s.rest * j)) *
                          Complex<double>{roots[root], roots[radix + root]};
        }
        const double* twiddle = s.twiddles + 2 * (k - 1) * s.rest + p;
        if (k > 0) sum = sum * Complex<double>{twiddle[0], twiddle[s.rest]};
        store_complex(s.to, q + s.stride * (radix * p + k), sum);
      }
    }
  }
}

// Transforms what lies in `from`, and returns where the result lies: there, or in `other`.
inline Parts transform(const FourierView& view, Parts from, Parts other) {
  Stage s = {from, other, view.length, 1, view.twiddles};
  for (int i = 0; i < view.stages; ++i) {
    const int radix = view.radices[i];
    s.rest /= radix;
    switch (radix) {
      case 2:
        run_stage<2>(s);
        break;
      case 3:
        run_stage<3>(s);
        break;
      case 4:
        run_stage<4>(s);
        break;
      case 5:
        run_stage<5>(s);
        break;
      default:
        run_plain_stage(s, radix);
    }
    s.twiddles += twiddle_count(radix, static_cast<int>(s.rest));
    s.stride *= radix;
    const Parts written = s.to;
    s.to = s.from;
    s.from = written;
  }
  return s.from;
}

}  // namespace zoo::engine::ZOO_ISA
