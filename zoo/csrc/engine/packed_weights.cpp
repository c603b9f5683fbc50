#include "engine/packed_weights.h"

#include <cstring>
#include <iterator>

namespace zoo::engine {
namespace {

constexpr char kMagic[8] = {'z', 'o', 'o', 'p', 'a', 'c', 'k', '2'};
constexpr int kMostLayers = 1 << 10;

struct Header {
  char magic[8];
  int32_t cell, precision, num_layers, num_directions, input_size, hidden_size, proj_size;
  uint64_t bytes;
  int32_t fixed_ranges;  // 0 or 1
};
constexpr size_t kHeaderBytes = 64;
static_assert(sizeof(Header) <= kHeaderBytes);

struct LayerPlaces {
  MatrixPlace input, recurrent, projection;
  size_t bytes() const { return input.bytes() + recurrent.bytes() + projection.bytes(); }
};

LayerPlaces layer_places(const StackSizes& s, int layer) {
  return {{s.precision, s.gates(), s.hidden_size, s.layer_input_size(layer)},
          {s.precision, s.gates(), s.hidden_size, s.output_size()},
          {s.precision, 1, s.proj_size, s.hidden_size}};
}

size_t layer_offset(const StackSizes& s, int layer, int direction) {
  if (layer == 0) return kHeaderBytes + direction * layer_places(s, 0).bytes();
  return kHeaderBytes + s.num_directions * layer_places(s, 0).bytes() +
         ((layer - 1) * static_cast<size_t>(s.num_directions) + direction) * layer_places(s, 1).bytes();
}

}  // namespace

size_t packed_bytes(const StackSizes& sizes) {
  return layer_offset(sizes, sizes.num_layers, 0) + static_cast<size_t>(sizes.ranges()) * sizeof(float);
}

void write_header(const StackSizes& s, uint8_t* packed) {
  Header header = {{},
                   static_cast<int32_t>(s.cell),
                   static_cast<int32_t>(s.precision),
                   s.num_layers,
                   s.num_directions,
                   s.input_size,
                   s.hidden_size,
                   s.proj_size,
                   packed_bytes(s),
                   s.fixed_ranges ? 1 : 0};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  std::memset(packed, 0, kHeaderBytes);
  std::memcpy(packed, &header, sizeof(header));
}

void fix_ranges(const StackSizes& s, const uint8_t* from, const float* ranges, uint8_t* packed) {
  const size_t layers = layer_offset(s, s.num_layers, 0);
  std::memcpy(packed, from, layers);
  write_header(s, packed);
  std::memcpy(packed + layers, ranges, static_cast<size_t>(s.ranges()) * sizeof(float));
}

const char* read_header(const uint8_t* packed, size_t bytes, StackSizes* sizes) {
  Header h;
  if (bytes < kHeaderBytes) return "too short to be packed weights";
  std::memcpy(&h, packed, sizeof(h));
  if (std::memcmp(h.magic, kMagic, sizeof(kMagic)) != 0) return "not packed weights";
  const auto within = [](int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; };
  if (!is_cell(h.cell) || !within(h.precision, 0, static_cast<int32_t>(std::size(kPrecisionNames)) - 1) ||
      !within(h.num_layers, 1, kMostLayers) || !within(h.num_directions, 1, 2) ||
      !within(h.input_size, 1, kLargestSize) || !within(h.hidden_size, 1, kLargestSize) ||
      !within(h.proj_size, 0, h.hidden_size) ||
      !within(h.fixed_ranges, 0, h.precision == static_cast<int32_t>(Precision::int8) ? 1 : 0)) {
    return "packed weights with an impossible header";
  }
  *sizes = {static_cast<Cell>(h.cell),
            static_cast<Precision>(h.precision),
            h.num_layers,
            h.num_directions,
            h.input_size,
            h.hidden_size,
            h.proj_size,
            h.fixed_ranges == 1};
  if (h.bytes != bytes || packed_bytes(*sizes) != bytes) return "packed weights cut short or joined";
  return nullptr;
}

LayerView layer_view(const StackSizes& sizes, int layer, int direction, const uint8_t* packed) {
  const LayerPlaces places = layer_places(sizes, layer);
  const uint8_t* at = packed + layer_offset(sizes, layer, direction);
  const uint8_t* recurrent = at + places.input.bytes();
  LayerView view = {places.input.view(at), places.recurrent.view(recurrent),
                    places.projection.view(recurrent + places.recurrent.bytes())};
  if (sizes.fixed_ranges) {
    const auto* ranges = reinterpret_cast<const float*>(packed + layer_offset(sizes, sizes.num_layers, 0));
    const float* own = ranges + (static_cast<ptrdiff_t>(layer) * sizes.num_directions + direction) * 6;
    view.input.range = own;
    view.recurrent.range = own + 2;
    view.projection.range = own + 4;
  }
  return view;
}

}  // namespace zoo::engine
