// WAV files: recordings as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "zoo/export.h"

namespace zoo {

struct Sound {
  std::vector<float> samples;  // -1 to 1, the channels of a moment side by side
  std::int64_t rate = 0;       // Hz
  std::int64_t channels = 1;
};

// Reads WAV files of whole numbers of 8, 16, 24 and 32 bits and of floats of 32 and 64 bits; the full scale
// of whole numbers is 1. A size that a program into a pipe did not know stands for all that follows. Throws
// Error: no_input, no_permission, bad_data (with a message for each defect).
ZOO_API Sound read_wav(const std::filesystem::path& path);
// The same for bytes in memory; `what` names their source in messages. Throws Error(bad_data).
ZOO_API Sound parse_wav(std::span<const std::byte> bytes, const std::string& what);
// Whether the bytes begin as a WAV file.
ZOO_API bool is_wav(std::span<const std::byte> bytes);

}  // namespace zoo
