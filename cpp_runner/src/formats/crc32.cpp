#include "formats/crc32.h"

#include <array>
#include <bit>
#include <cstring>

namespace zoo {
namespace {

constexpr std::size_t kSlices = 16;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// tables[k][b] is the remainder of byte b followed by k zero bytes: sixteen bytes take sixteen independent
// look-ups instead of a chain of sixteen.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    tables[0][byte] = remainder;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t load_word(const std::byte* bytes) {
  static_assert(std::endian::native == std::endian::little,
                "words are read in the order of a little-endian machine");
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// The four look-ups of one word with `after` more bytes behind it in the block.
std::uint32_t look_up(std::uint32_t word, std::size_t after) {
  return kTables[after + 3][word & 0xFFU] ^ kTables[after + 2][(word >> 8) & 0xFFU] ^
         kTables[after + 1][(word >> 16) & 0xFFU] ^ kTables[after][word >> 24];
}

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t remainder = ~0U;
  while (bytes.size() >= kSlices) {
    remainder = look_up(load_word(bytes.data()) ^ remainder, 12) ^ look_up(load_word(bytes.data() + 4), 8) ^
                look_up(load_word(bytes.data() + 8), 4) ^ look_up(load_word(bytes.data() + 12), 0);
    bytes = bytes.subspan(kSlices);
  }
  for (const std::byte byte : bytes) {
    remainder = (remainder >> 8) ^ kTables[0][(remainder ^ static_cast<std::uint32_t>(byte)) & 0xFFU];
  }
  return ~remainder;
}

}  // namespace zoo
