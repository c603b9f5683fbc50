// What a ModelFile holds.
#pragma once

#include <filesystem>
#include <optional>

#include "archive.h"
#include "zoo/file.h"
#include "zoo/manifest.h"
#include "zoo/model_file.h"

namespace zoo {

struct ModelFile::Impl {
  std::filesystem::path path;
  FileBytes file;
  Archive archive;
  std::optional<Manifest> manifest;
};

}  // namespace zoo
