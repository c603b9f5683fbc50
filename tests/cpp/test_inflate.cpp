#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "formats/inflate.h"

namespace zoo::test {
namespace {

std::optional<std::string> inflate_text(const std::vector<std::uint8_t>& compressed, std::size_t size) {
  const auto bytes = inflate(std::as_bytes(std::span(compressed)), size);
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// What zlib made of the texts below.
const std::vector<std::uint8_t> kStored{0x01, 0x06, 0x00, 0xf9, 0xff, 0x68, 0x69, 0x64, 0x64, 0x65, 0x6e};
const std::vector<std::uint8_t> kFixed{0x4b, 0x4f, 0x2c, 0x49, 0x2d, 0x56, 0xc8, 0x54, 0x48, 0x53,
                                       0x48, 0x57, 0xc8, 0xd7, 0x51, 0x48, 0x07, 0x73, 0x8b, 0x14,
                                       0xaa, 0x14, 0xf2, 0x60, 0x1c, 0xa8, 0x1c, 0x00};
const std::vector<std::uint8_t> kDynamic{0xed, 0xca, 0xb9, 0x0d, 0x00, 0x30, 0x08, 0x00, 0xb1, 0x59,
                                         0x8f, 0x57, 0x40, 0xc9, 0xfe, 0x12, 0x5b, 0xa4, 0x8a, 0x6b,
                                         0x23, 0x45, 0x24, 0xb1, 0x08, 0xf8, 0x62, 0x49, 0x17, 0x28,
                                         0x3d, 0xd8, 0xe0, 0xca, 0x0f, 0x2f, 0xc3, 0x01};

std::string dynamic_text() {
  std::string text;
  for (int i = 0; i < 400; ++i) text += static_cast<char>(97 + (i * i % 11) * (i % 3));
  return text;
}

}  // namespace

TEST(inflate) {
  const std::string gates = "gates i f g o, gates r z n, gates i f g o";
  CHECK(inflate_text(kStored, 6) == "hidden");
  CHECK(inflate_text(kFixed, gates.size()) == gates);
  CHECK(inflate_text(kDynamic, 400) == dynamic_text());
  // Another size, an end too soon, a block type that does not exist, and a size no stream could have.
  CHECK(!inflate_text(kDynamic, 399));
  CHECK(!inflate_text(kDynamic, 401));
  CHECK(!inflate_text({kDynamic.begin(), kDynamic.end() - 2}, 400));
  CHECK(!inflate_text({0x07}, 1));
  CHECK(!inflate_text({}, 1));
  CHECK(!inflate_text(kFixed, std::size_t{1} << 40));
  // Any damage is either seen here or left to the CRC-32; it never reads or writes out of bounds.
  for (std::size_t bit = 0; bit < kDynamic.size() * 8; ++bit) {
    std::vector<std::uint8_t> damaged = kDynamic;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto text = inflate_text(damaged, 400);
    CHECK(!text || text->size() == 400);
  }
}

}  // namespace zoo::test
