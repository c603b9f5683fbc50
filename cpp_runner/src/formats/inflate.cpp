#include "formats/inflate.h"

#include <array>
#include <cstdint>
#include <stdexcept>

namespace zoo {
namespace {

// Internal to this file; the caller words the message.
struct InvalidStream : std::runtime_error {
  InvalidStream() : std::runtime_error("invalid DEFLATE stream") {}
};

class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // Bits are packed from the lowest bit of each byte.
  std::uint32_t take(int count) {
    while (held_ < count) {
      if (next_ == bytes_.size()) throw InvalidStream();
      bits_ |= std::to_integer<std::uint32_t>(bytes_[next_++]) << held_;
      held_ += 8;
    }
    const std::uint32_t value = bits_ & ((1U << count) - 1U);
    bits_ >>= count;
    held_ -= count;
    return value;
  }

  void skip_to_byte() { take(held_ % 8); }

  // Only after skip_to_byte().
  std::span<const std::byte> take_bytes(std::size_t count) {
    next_ -= static_cast<std::size_t>(held_ / 8);
    bits_ = 0;
    held_ = 0;
    if (count > bytes_.size() - next_) throw InvalidStream();
    const auto taken = bytes_.subspan(next_, count);
    next_ += count;
    return taken;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t next_ = 0;
  std::uint32_t bits_ = 0;
  int held_ = 0;
};

// A canonical Huffman code is given by the lengths of its codewords alone: the codewords of one length are
// consecutive numbers, in the order of the symbols.
class HuffmanCode {
 public:
  explicit HuffmanCode(std::span<const std::uint8_t> lengths) : symbols_(lengths.size()) {
    for (const std::uint8_t length : lengths) ++count_[length];
    count_[0] = 0;
    std::array<std::size_t, kMaxLength + 2> first{};
    std::int32_t room = 1;
    for (std::size_t length = 1; length <= kMaxLength; ++length) {
      room = 2 * room - count_[length];
      if (room < 0) throw InvalidStream();  // more codewords than bits can tell apart
      first[length + 1] = first[length] + static_cast<std::size_t>(count_[length]);
    }
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] != 0) symbols_[first[lengths[symbol]]++] = static_cast<std::uint16_t>(symbol);
    }
  }

  std::uint16_t decode(BitReader& bits) const {
    std::int32_t codeword = 0;
    std::int32_t first_codeword = 0;
    std::int32_t first_index = 0;
    for (std::size_t length = 1; length <= kMaxLength; ++length) {
      codeword |= static_cast<std::int32_t>(bits.take(1));
      if (codeword - first_codeword < count_[length]) {
        return symbols_[static_cast<std::size_t>(first_index + codeword - first_codeword)];
      }
      first_index += count_[length];
      first_codeword = 2 * (first_codeword + count_[length]);
      codeword *= 2;
    }
    throw InvalidStream();
  }

 private:
  static constexpr std::size_t kMaxLength = 15;
  std::array<std::int32_t, kMaxLength + 1> count_{};
  std::vector<std::uint16_t> symbols_;
};

struct BlockCodes {
  HuffmanCode literals;  // literals, end of block, lengths of matches
  HuffmanCode distances;
};

BlockCodes fixed_codes() {
  std::array<std::uint8_t, 288> literals{};
  for (std::size_t symbol = 0; symbol < literals.size(); ++symbol) {
    literals[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
  }
  std::array<std::uint8_t, 30> distances{};
  distances.fill(5);
  return {HuffmanCode(literals), HuffmanCode(distances)};
}

// The lengths of the codewords are coded too, with runs.
BlockCodes read_codes(BitReader& bits) {
  const std::size_t literal_count = bits.take(5) + 257;
  const std::size_t distance_count = bits.take(5) + 1;
  const std::size_t length_count = bits.take(4) + 4;
  constexpr std::array<std::uint8_t, 19> order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                               11, 4,  12, 3, 13, 2, 14, 1, 15};
  std::array<std::uint8_t, 19> code_lengths{};
  for (std::size_t i = 0; i < length_count; ++i)
    code_lengths[order[i]] = static_cast<std::uint8_t>(bits.take(3));
  const HuffmanCode length_code(code_lengths);
  std::vector<std::uint8_t> lengths;
  while (lengths.size() < literal_count + distance_count) {
    const std::uint16_t symbol = length_code.decode(bits);
    if (symbol < 16) {
      lengths.push_back(static_cast<std::uint8_t>(symbol));
    } else if (symbol == 16) {
      if (lengths.empty()) throw InvalidStream();
      lengths.insert(lengths.end(), bits.take(2) + 3, std::uint8_t{lengths.back()});
    } else {
      lengths.insert(lengths.end(), symbol == 17 ? bits.take(3) + 3 : bits.take(7) + 11, std::uint8_t{0});
    }
  }
  if (lengths.size() != literal_count + distance_count) throw InvalidStream();
  const std::span<const std::uint8_t> all(lengths);
  return {HuffmanCode(all.first(literal_count)), HuffmanCode(all.subspan(literal_count))};
}

void copy_match(BitReader& bits, const HuffmanCode& distance_code, std::uint16_t symbol,
                std::vector<std::byte>& out) {
  constexpr std::array<std::uint16_t, 29> length_base{3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                                      15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                                      67, 83, 99, 115, 131, 163, 195, 227, 258};
  constexpr std::array<std::uint8_t, 29> length_bits{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                     2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  constexpr std::array<std::uint16_t, 30> distance_base{
      1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
      193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  const std::size_t length_index = symbol - 257U;
  if (length_index >= length_base.size()) throw InvalidStream();
  const std::size_t length = length_base[length_index] + bits.take(length_bits[length_index]);
  const std::size_t distance_index = distance_code.decode(bits);
  if (distance_index >= distance_base.size()) throw InvalidStream();
  const int distance_bits = distance_index < 2 ? 0 : static_cast<int>(distance_index / 2 - 1);
  const std::size_t distance = distance_base[distance_index] + bits.take(distance_bits);
  if (distance > out.size()) throw InvalidStream();
  // Byte by byte: a match may overlap what it produces.
  for (std::size_t i = 0; i < length; ++i) out.push_back(std::byte{out[out.size() - distance]});
}

void read_block(BitReader& bits, const BlockCodes& codes, std::size_t size, std::vector<std::byte>& out) {
  while (true) {
    const std::uint16_t symbol = codes.literals.decode(bits);
    if (symbol == 256) return;
    if (symbol < 256) {
      out.push_back(static_cast<std::byte>(symbol));
    } else {
      copy_match(bits, codes.distances, symbol, out);
    }
    if (out.size() > size) throw InvalidStream();
  }
}

void read_stored_block(BitReader& bits, std::size_t size, std::vector<std::byte>& out) {
  bits.skip_to_byte();
  const std::uint32_t length = bits.take(16);
  if ((length ^ 0xFFFFU) != bits.take(16)) throw InvalidStream();
  const auto bytes = bits.take_bytes(length);
  if (bytes.size() > size - out.size()) throw InvalidStream();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::optional<std::vector<std::byte>> inflate(std::span<const std::byte> compressed, std::size_t size) {
  // DEFLATE cannot shrink by more than 1032 to 1. Without this check a wrong size would reserve any amount of
  // memory.
  if (size / 1032 > compressed.size()) return std::nullopt;
  std::vector<std::byte> out;
  out.reserve(size);
  try {
    BitReader bits(compressed);
    for (bool last = false; !last;) {
      last = bits.take(1) != 0;
      switch (bits.take(2)) {
        case 0:
          read_stored_block(bits, size, out);
          break;
        case 1:
          read_block(bits, fixed_codes(), size, out);
          break;
        case 2:
          read_block(bits, read_codes(bits), size, out);
          break;
        default:
          return std::nullopt;
      }
    }
  } catch (const InvalidStream&) {
    return std::nullopt;
  }
  if (out.size() != size) return std::nullopt;
  return out;
}

}  // namespace zoo
