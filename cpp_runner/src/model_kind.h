// Telling apart what people hand over as a model.
#pragma once

#include <cstddef>
#include <span>

#include "archive.h"

namespace zoo {

// Throws Error(bad_data) with a message of its own for an empty file, a legacy checkpoint, a safetensors file
// and anything else that is not a zip archive.
void require_zip(std::span<const std::byte> file);
// Throws Error(bad_data) for a zip checkpoint, a torch.export archive and any other zip archive.
void require_torchscript(const Archive& archive);

}  // namespace zoo
