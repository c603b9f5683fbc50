// CRC-32 and SHA-256.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace zoo {

// The CRC-32 of zip files (IEEE 802.3, reflected polynomial 0xEDB88320).
std::uint32_t crc32(std::span<const std::byte> bytes);

enum class Sha256Path { fastest, portable };

// SHA-256 (FIPS 180-4), with the processor's own instructions where they exist.
class Sha256 {
 public:
  explicit Sha256(Sha256Path path = Sha256Path::fastest);
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  // 64 lower-case hexadecimal digits. Call once.
  [[nodiscard]] std::string finish();

 private:
  using Words = std::array<std::uint32_t, 8>;
  using Compress = void (*)(Words& state, const std::byte* blocks, std::size_t count);
  static void compress_portable(Words& state, const std::byte* blocks, std::size_t count);
  static void compress_sha_ni(Words& state, const std::byte* blocks, std::size_t count);

  Compress compress_;
  Words state_;
  std::array<std::byte, 64> pending_{};
  std::uint64_t length_ = 0;  // in bytes, so far
};

std::string sha256(std::span<const std::byte> bytes);
bool has_sha_instructions();

}  // namespace zoo
