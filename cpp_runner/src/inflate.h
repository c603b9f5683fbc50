// Decompression of DEFLATE streams (RFC 1951), as zip files hold them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace zoo {

// The `size` bytes that `compressed` stands for; nothing where the stream is not valid or has another size.
std::optional<std::vector<std::byte>> inflate(std::span<const std::byte> compressed, std::size_t size);

}  // namespace zoo
