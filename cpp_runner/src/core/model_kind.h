// Which kind of file somebody gave as a model.
#pragma once

#include <cstddef>
#include <span>

#include "formats/archive.h"

namespace zoo {

// Throws Error(bad_data), with a message of its own, for an empty file, pickled weights, a safetensors file
// and anything else that is not a zip archive.
void require_zip(std::span<const std::byte> file);
// Throws Error(bad_data) for zipped weights, a torch.export archive and any other zip archive.
void require_torchscript(const Archive& archive);

}  // namespace zoo
