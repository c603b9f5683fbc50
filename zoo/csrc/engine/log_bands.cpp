#include "engine/log_bands.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "engine/scratch.h"

namespace zoo::engine {
namespace {

constexpr int kGroup = 4;  // a band has a multiple of so many bins

// The stages of a transform: those of four first, whose results the later ones read in groups of four.
FourierView plan_fourier(int length) {
  FourierView view = {length, 0, {}, nullptr};
  int rest = length;
  const auto take = [&](int radix) {
    for (; rest % radix == 0; rest /= radix) view.radices[view.stages++] = radix;
  };
  for (const int radix : {4, 2, 3, 5}) take(radix);
  for (int radix = 7; rest > 1; radix += 2) {
    if (static_cast<int64_t>(radix) * radix > rest) radix = rest;  // a prime
    take(radix);
  }
  return view;
}

int64_t count_twiddles(const FourierView& view) {
  int64_t count = 0;
  int rest = view.length;
  for (int i = 0; i < view.stages; ++i) {
    rest /= view.radices[i];
    count += twiddle_count(view.radices[i], rest);
  }
  return count;
}

// exp(-2 pi i k / n)
void write_root(int64_t k, int64_t n, double* re, double* im) {
  const double angle = 2.0 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
  *re = std::cos(angle);
  *im = -std::sin(angle);
}

void write_twiddles(const FourierView& view, double* to) {
  int64_t rest = view.length;
  for (int i = 0; i < view.stages; ++i) {
    const int64_t radix = view.radices[i], before = rest;
    rest /= radix;
    for (int64_t k = 1; k < radix; ++k, to += 2 * rest) {
      for (int64_t p = 0; p < rest; ++p) write_root(k * p, before, to + p, to + rest + p);
    }
    if (has_butterfly(static_cast<int>(radix))) continue;
    for (int64_t k = 0; k < radix; ++k) write_root(k, radix, to + k, to + radix + k);
    to += 2 * radix;
  }
}

// Where everything lies behind the header.
struct Place {
  double *window, *twiddles, *rotation, *filters;
  int32_t *first, *counts;
  float *mean, *std;
  size_t bytes;
};

Place place_of(const SlidingSizes& s, const FourierView& fourier, uint8_t* data) {
  Arena arena(data);
  Place place = {};
  place.window = arena.take<double>(s.size);
  place.twiddles = arena.take<double>(count_twiddles(fourier));
  place.rotation = arena.take<double>(2 * (s.size / 4 + 1));
  place.filters = arena.take<double>(s.filter_weights);
  place.first = arena.take<int32_t>(s.outputs);
  place.counts = arena.take<int32_t>(s.outputs);
  if (s.standardised) {
    place.mean = arena.take<float>(s.outputs);
    place.std = arena.take<float>(s.outputs);
  }
  place.bytes = arena.used();
  return place;
}

struct Band {
  int first, count;
};

// The bins of a band, at least one group: a NaN in the spectrum is then one in every band.
Band find_band(int size, int outputs, const double* filters, int band) {
  const int bins = size / 2 + 1;
  int first = 0, last = 0;
  bool found = false;
  for (int bin = 0; bin < bins; ++bin) {
    if (filters[static_cast<int64_t>(bin) * outputs + band] == 0.0) continue;
    if (!found) first = bin;
    found = true;
    last = bin;
  }
  return {first, static_cast<int>(round_up(last - first + 1, kGroup))};
}

}  // namespace

size_t log_bands_bytes(const SlidingSizes& s) { return place_of(s, plan_fourier(s.size / 2), nullptr).bytes; }

LogBandsView log_bands_view(const SlidingSizes& s, const uint8_t* data) {
  FourierView fourier = plan_fourier(s.size / 2);
  const Place place = place_of(s, fourier, const_cast<uint8_t*>(data));
  fourier.twiddles = place.twiddles;
  return {s.size,       place.window,  fourier, place.rotation, s.outputs, place.first,
          place.counts, place.filters, s.floor, place.mean,     place.std};
}

bool are_bands_inside(const SlidingSizes& s, const uint8_t* data) {
  const LogBandsView view = log_bands_view(s, data);
  int64_t weights = 0;
  for (int band = 0; band < s.outputs; ++band) {
    const int64_t first = view.first[band], count = view.counts[band];
    if (first < 0 || count < 0 || count % kGroup != 0 || first + count > padded_bins(s.size)) return false;
    weights += count;
  }
  return weights == s.filter_weights;
}

int64_t count_filter_weights(int size, int outputs, const double* filters) {
  int64_t count = 0;
  for (int band = 0; band < outputs; ++band) count += find_band(size, outputs, filters, band).count;
  return count;
}

void pack_log_bands(const SlidingSizes& s, const LogBandsWeights& weights, uint8_t* packed) {
  const FourierView fourier = plan_fourier(s.size / 2);
  const size_t bytes = kSlidingHeaderBytes + log_bands_bytes(s);
  std::memset(packed, 0, bytes);
  write_sliding_header(s, bytes, packed);
  const Place place = place_of(s, fourier, packed + kSlidingHeaderBytes);
  const int half = s.size / 2, quarter = half / 2;
  for (int i = 0; i < s.size; ++i) place.window[i / 2 + i % 2 * half] = 0.5 * weights.window[i];
  write_twiddles(fourier, place.twiddles);
  for (int k = 0; k <= quarter; ++k)
    write_root(k, s.size, place.rotation + k, place.rotation + quarter + 1 + k);
  double* filter = place.filters;
  for (int band = 0; band < s.outputs; ++band) {
    const Band found = find_band(s.size, s.outputs, weights.filters, band);
    place.first[band] = found.first;
    place.counts[band] = found.count;
    for (int k = 0; k < found.count && found.first + k <= half; ++k) {
      filter[k] = weights.filters[static_cast<int64_t>(found.first + k) * s.outputs + band];
    }
    filter += found.count;
  }
  if (!s.standardised) return;
  std::copy_n(weights.mean, s.outputs, place.mean);
  std::copy_n(weights.std, s.outputs, place.std);
}

}  // namespace zoo::engine
