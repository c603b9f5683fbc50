#include "engine/sliding.h"

#include <algorithm>
#include <cstring>

#include "engine/convolution.h"
#include "engine/log_bands.h"

namespace zoo::engine {
namespace {

constexpr char kMagic[8] = {'z', 'o', 'o', 's', 'l', 'i', 'd', '1'};

struct Header {
  char magic[8];
  int32_t kind, size, step, channels, outputs, relu, standardised, filter_weights;
  uint64_t bytes;
  double floor;
};
static_assert(sizeof(Header) <= kSlidingHeaderBytes);

bool is_possible(const Header& h) {
  const auto within = [](int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; };
  if (!within(h.size, 1, kLargestWindow) || !within(h.step, 1, kLargestWindow) ||
      !within(h.channels, 1, h.size) || h.size % h.channels != 0 || h.step % h.channels != 0 ||
      !within(h.outputs, 1, kMostSlidingOutputs) || !within(h.relu, 0, 1) || !within(h.standardised, 0, 1)) {
    return false;
  }
  if (h.kind == static_cast<int32_t>(SlidingKind::convolution)) return true;
  return h.kind == static_cast<int32_t>(SlidingKind::log_bands) && h.channels == 1 && h.size % 2 == 0 &&
         within(h.filter_weights, 0, kLargestWindow);
}

size_t sliding_bytes(const SlidingSizes& s) {
  return kSlidingHeaderBytes + (s.kind == SlidingKind::log_bands ? log_bands_bytes(s) : convolution_bytes(s));
}

// The floats of some steps as doubles, for a convolution.
int64_t floats_of(const SlidingSizes& s, int64_t steps) { return (steps - 1) * s.step + s.size; }

}  // namespace

void write_sliding_header(const SlidingSizes& s, size_t bytes, uint8_t* packed) {
  Header header = {{},
                   static_cast<int32_t>(s.kind),
                   s.size,
                   s.step,
                   s.channels,
                   s.outputs,
                   s.relu ? 1 : 0,
                   s.standardised ? 1 : 0,
                   s.filter_weights,
                   bytes,
                   s.floor};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  std::memset(packed, 0, kSlidingHeaderBytes);
  std::memcpy(packed, &header, sizeof(header));
}

const char* read_sliding_header(const uint8_t* packed, size_t bytes, SlidingSizes* sizes) {
  Header h;
  if (bytes < kSlidingHeaderBytes) return "too short to be a packed sliding operator";
  std::memcpy(&h, packed, sizeof(h));
  if (std::memcmp(h.magic, kMagic, sizeof(kMagic)) != 0) return "not a packed sliding operator";
  if (!is_possible(h)) return "a packed sliding operator with an impossible header";
  *sizes = {static_cast<SlidingKind>(h.kind),
            h.size,
            h.step,
            h.channels,
            h.outputs,
            h.relu == 1,
            h.standardised == 1,
            h.filter_weights,
            h.floor};
  if (h.bytes != bytes || sliding_bytes(*sizes) != bytes)
    return "a packed sliding operator cut short or joined";
  if (sizes->kind == SlidingKind::log_bands && !are_bands_inside(*sizes, packed + kSlidingHeaderBytes)) {
    return "a packed sliding operator with bands beyond the spectrum";
  }
  return nullptr;
}

size_t sliding_scratch_bytes(const SlidingSizes& s, int64_t steps) {
  const int64_t numbers = s.kind == SlidingKind::log_bands
                              ? log_bands_work(s.size)
                              : floats_of(s, std::clamp<int64_t>(steps, 1, kMostSteps));
  return static_cast<size_t>(numbers) * sizeof(double);
}

void run_sliding(const KernelTable& kernels, const SlidingSizes& s, const uint8_t* packed, const float* x,
                 int64_t steps, float* out, uint8_t* scratch) noexcept {
  auto* work = reinterpret_cast<double*>(scratch);
  if (s.kind == SlidingKind::log_bands) {
    const LogBandsView view = log_bands_view(s, packed + kSlidingHeaderBytes);
    for (int64_t t = 0; t < steps; ++t) kernels.log_bands(view, x + t * s.step, out + t * s.outputs, work);
    return;
  }
  const ConvolutionView view = convolution_view(s, packed + kSlidingHeaderBytes);
  for (int64_t first = 0; first < steps; first += kMostSteps) {
    const int64_t count = std::min<int64_t>(kMostSteps, steps - first);
    std::copy_n(x + first * s.step, floats_of(s, count), work);
    kernels.convolve(view, work, static_cast<int>(count), out + first * s.outputs);
  }
}

}  // namespace zoo::engine
