#pragma once

// Log-mel features of one frame of samples, or what has their form: the power spectrum of the windowed frame
// in bands. A real frame is transformed as half as many complex numbers, its even samples and its odd ones.

#include <cmath>

#include "kernels/fourier.h"

namespace zoo::engine::ZOO_ISA {

inline void apply_window(const LogBandsView& view, const float* frame, const Parts& to) {
  const int half = view.size / 2;
  int k = 0;
  for (; k + kDoubles <= half; k += kDoubles) {
    Doubles even, odd;
    widen_alternate(frame + 2 * k, even, odd);
    store(to.re + k, even * load(view.window + k));
    store(to.im + k, odd * load(view.window + half + k));
  }
  for (; k < half; ++k) {
    to.re[k] = static_cast<double>(frame[2 * k]) * view.window[k];
    to.im[k] = static_cast<double>(frame[2 * k + 1]) * view.window[half + k];
  }
}

// The powers of bins k and half - k, from a = Z[k] and b = Z[half - k], which the window has halved. The even
// samples have the spectrum E = a + conj(b), the odd ones O = -i (a - conj(b)), and the frame has
// E + exp(-2 pi i k / size) O and the conjugate of E - exp(-2 pi i k / size) O.
template <class V>
struct BinPair {
  V low, high;
};
template <class V>
[[gnu::always_inline]] inline BinPair<V> powers(Complex<V> a, Complex<V> b, Complex<V> rotation) {
  const Complex<V> even = {a.re + b.re, a.im - b.im};
  const Complex<V> odd = rotation * Complex<V>{a.im + b.im, b.re - a.re};
  const Complex<V> low = even + odd, high = even - odd;
  return {low.re * low.re + low.im * low.im, high.re * high.re + high.im * high.im};
}

inline void power_spectrum(const LogBandsView& view, const Parts& z, double* power) {
  const int half = view.size / 2, quarter = half / 2;
  const ConstParts rotation(view.rotation, view.rotation + quarter + 1);
  const double sum = 2.0 * (z.re[0] + z.im[0]), difference = 2.0 * (z.re[0] - z.im[0]);
  int k = 1;
  for (; k + kDoubles - 1 <= quarter; k += kDoubles) {
    const int mirror = half - k - (kDoubles - 1);
    const Complex<Doubles> b = load_complex<Doubles>(z, mirror);
    const auto bins = powers(load_complex<Doubles>(z, k), {reversed(b.re), reversed(b.im)},
                             load_complex<Doubles>(rotation, k));
    store(power + k, bins.low);
    store(power + mirror, reversed(bins.high));
  }
  for (; k <= quarter; ++k) {
    const auto bins = powers(load_complex<double>(z, k), load_complex<double>(z, half - k),
                             load_complex<double>(rotation, k));
    power[half - k] = bins.high;
    power[k] = bins.low;
  }
  power[0] = sum * sum;
  power[half] = difference * difference;
  for (int64_t i = half + 1; i < padded_bins(view.size); ++i) power[i] = 0.0;
}

// `work` has log_bands_work(view.size) numbers.
inline void log_bands(const LogBandsView& view, const float* frame, float* out, double* work) noexcept {
  const int half = view.size / 2;
  const Parts first = {work, work + half}, second = {work + 2 * half, work + 3 * half};
  double* power = work + 4 * half;
  apply_window(view, frame, first);
  power_spectrum(view, transform(view.fourier, first, second), power);
  const double* filter = view.filters;
  for (int band = 0; band < view.bands; ++band) {
    Doubles sum = broadcast(0.0);
    const double* bins = power + view.first[band];
    for (int k = 0; k < view.counts[band]; k += kDoubles)
      sum = dot_add(load(bins + k), load(filter + k), sum);
    filter += view.counts[band];
    const auto feature = static_cast<float>(std::log(reduce_add(sum) + view.floor));
    out[band] = view.mean == nullptr ? feature : (feature - view.mean[band]) / view.std[band];
  }
}

}  // namespace zoo::engine::ZOO_ISA
