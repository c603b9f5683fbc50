#include "engine/linear.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace zoo::engine {
namespace {

constexpr char kMagic[8] = {'z', 'o', 'o', 'l', 'i', 'n', 'r', '1'};

struct Header {
  char magic[8];
  int32_t precision, in_features, out_features;
  uint64_t bytes;
  int32_t fixed_range;  // 0 or 1
  float range[2];
};
constexpr size_t kHeaderBytes = 64;
static_assert(sizeof(Header) <= kHeaderBytes);

MatrixView matrix(const LinearSizes& sizes, const uint8_t* packed) {
  MatrixView view = sizes.place().view(packed + kHeaderBytes);
  if (sizes.fixed_range) view.range = reinterpret_cast<const float*>(packed + offsetof(Header, range));
  return view;
}

}  // namespace

size_t packed_linear_bytes(const LinearSizes& sizes) { return kHeaderBytes + sizes.place().bytes(); }

void pack_linear(const LinearSizes& s, const float* weight, const float* bias, uint8_t* packed) {
  Header header = {
      {}, static_cast<int32_t>(s.precision), s.in_features, s.out_features, packed_linear_bytes(s), 0, {}};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  std::memset(packed, 0, packed_linear_bytes(s));
  std::memcpy(packed, &header, sizeof(header));
  const MatrixView view = matrix(s, packed);
  pack_matrix(s.place(), view, weight);
  if (bias == nullptr) return;
  // With one gate the channels are the outputs, in their order.
  std::memcpy(const_cast<float*>(view.bias), bias, sizeof(float) * static_cast<size_t>(s.out_features));
}

void fix_linear_range(const float* range, uint8_t* packed) {
  Header header;
  std::memcpy(&header, packed, sizeof(header));
  header.fixed_range = 1;
  std::copy_n(range, 2, header.range);
  std::memcpy(packed, &header, sizeof(header));
}

void unpack_linear(const LinearSizes& s, const uint8_t* packed, float* weight, float* bias) {
  const MatrixView view = matrix(s, packed);
  unpack_matrix(s.place(), view, weight);
  std::memcpy(bias, view.bias, sizeof(float) * static_cast<size_t>(s.out_features));
}

const char* read_linear_header(const uint8_t* packed, size_t bytes, LinearSizes* sizes) {
  Header h;
  if (bytes < kHeaderBytes) return "too short to be a packed linear layer";
  std::memcpy(&h, packed, sizeof(h));
  if (std::memcmp(h.magic, kMagic, sizeof(kMagic)) != 0) return "not a packed linear layer";
  const auto within = [](int32_t value, int64_t low, int64_t high) { return value >= low && value <= high; };
  if (!within(h.precision, 0, static_cast<int64_t>(std::size(kPrecisionNames)) - 1) ||
      !within(h.fixed_range, 0, h.precision == static_cast<int32_t>(Precision::int8) ? 1 : 0) ||
      !within(h.in_features, 1, kLargestSize) || !within(h.out_features, 1, kMostOutputs)) {
    return "a packed linear layer with an impossible header";
  }
  *sizes = {static_cast<Precision>(h.precision), h.in_features, h.out_features, h.fixed_range == 1};
  if (h.bytes != bytes || packed_linear_bytes(*sizes) != bytes)
    return "a packed linear layer cut short or joined";
  return nullptr;
}

void present_rows(const KernelTable& kernels, const LinearSizes& s, const uint8_t* packed, const float* x,
                  int rows, Row* out, uint8_t* row_bytes) noexcept {
  const float* range = matrix(s, packed).range;
  for (int r = 0; r < rows; ++r) {
    const float* row = x + static_cast<int64_t>(r) * s.in_features;
    if (s.precision == Precision::int8) {
      kernels.quantize_row(row, s.in_features, range, row_bytes + r * s.row_bytes(), out + r);
    } else {
      out[r] = {row, 1.0f, 0};
    }
  }
}

void run_linear(const KernelTable& kernels, const LinearSizes& s, const uint8_t* packed, BlockRange blocks,
                const Row* x, int rows, float* out) noexcept {
  const ProjectView view = {matrix(s, packed), blocks, rows, x, out + blocks.first * kBlockUnits,
                            s.padded_out()};
  kernels.precision[static_cast<int>(s.precision)].project(1, view);
}

}  // namespace zoo::engine
