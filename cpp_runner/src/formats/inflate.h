// Decompression of DEFLATE data (RFC 1951), which zip files hold.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace zoo {

// The `size` bytes that `compressed` stands for; nothing if it is not valid or has another size.
std::optional<std::vector<std::byte>> inflate(std::span<const std::byte> compressed, std::size_t size);

}  // namespace zoo
