#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "formats/checksums.h"

namespace zoo::test {
namespace {

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string hash(Sha256Path path, const std::string& text, std::size_t piece) {
  Sha256 sum(path);
  for (std::size_t begin = 0; begin < text.size(); begin += piece) sum.update(text.substr(begin, piece));
  return sum.finish();
}

// One bit at a time, as the definition reads.
std::uint32_t crc32_by_definition(std::span<const std::byte> bytes) {
  std::uint32_t remainder = ~0U;
  for (const std::byte byte : bytes) {
    remainder ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ ((remainder & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~remainder;
}

}  // namespace

TEST(checksums) {
  const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (const Sha256Path path : {Sha256Path::fastest, Sha256Path::portable}) {
    CHECK(hash(path, "", 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hash(path, "abc", 3) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hash(path, two_blocks, 56) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hash(path, std::string(1000000, 'a'), 1000000) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
  // In pieces of every length, around the borders of blocks and of padding, both ways agree.
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text(size, static_cast<char>(size));
    const std::string whole = hash(Sha256Path::portable, text, 1000);
    CHECK(hash(Sha256Path::fastest, text, 1 + size % 67) == whole);
  }
  CHECK(crc32(as_bytes("123456789")) == 0xCBF43926U);
  CHECK(crc32({}) == 0);
  for (std::size_t size = 0; size < 100; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * i + size);
    CHECK(crc32(as_bytes(text)) == crc32_by_definition(as_bytes(text)));
  }
}

}  // namespace zoo::test
