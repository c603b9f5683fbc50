// What a file is by its first bytes, where it is neither .npy nor plain numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace zoo {

struct FileKind {
  std::string_view name;         // with its article: "a WAV file"
  std::string_view how_to_read;  // what is in it, and how Python reads it: "samples (soundfile.read)"
};

// Nothing where the bytes may be plain numbers of two bytes or more. Numbers of one byte may be any file.
std::optional<FileKind> recognize(std::span<const std::byte> bytes);

}  // namespace zoo
