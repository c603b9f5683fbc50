// Numbers out of file formats, with the bounds checked.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>

namespace zoo {

// The little-endian number at `offset`; nothing where the bytes end before it does.
template <std::unsigned_integral T>
std::optional<T> read_little_endian(std::span<const std::byte> bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(std::to_integer<T>(bytes[offset + i]) << (8 * i)));
  }
  return value;
}

}  // namespace zoo
