// The CRC-32 of zip files (IEEE 802.3, reflected polynomial 0xEDB88320).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zoo {

std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace zoo
