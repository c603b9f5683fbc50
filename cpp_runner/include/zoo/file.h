// Whole files into memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "zoo/export.h"

namespace zoo {

// The bytes of a file, copied or mapped.
class ZOO_API FileBytes {
 public:
  FileBytes() = default;
  explicit FileBytes(std::vector<std::byte> copied);
  // Maps a regular file: pages are read when they are touched, which for a large file saves most of the time
  // that copying takes. The file must not be written to meanwhile; replacing it by a rename does no harm.
  FileBytes(int descriptor, std::size_t size);
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> copied_;
  std::span<const std::byte> bytes_;
  bool mapped_ = false;
};

// `what` names the role in messages: "model", "input". Pipes are read to their end.
// Throws Error: no_input (missing, a directory, unreadable), no_permission.
ZOO_API FileBytes read_file(const std::filesystem::path& path, const std::string& what);
// The same for an open descriptor, which stays open; `what` names role and source.
ZOO_API FileBytes read_descriptor(int descriptor, const std::string& what);
// Maps what can be mapped, reads what cannot.
ZOO_API FileBytes map_file(const std::filesystem::path& path, const std::string& what);

}  // namespace zoo
