// Whole files in memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace zoo {

// The bytes of a file, copied or mapped.
class FileBytes {
 public:
  FileBytes() = default;
  explicit FileBytes(std::vector<std::byte> copied);
  // Maps a regular file. Its pages are read when they are touched, which saves most of the time that copying
  // a large file takes. The file must not be written to meanwhile; replacing it by a rename does no harm.
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

// Copies the file, and reads a pipe to its end. `what` names the file's role in messages: "model", "input".
// Throws Error: no_input (missing, a directory, unreadable), no_permission.
FileBytes read_file(const std::filesystem::path& path, const std::string& what);
// The same for an open descriptor, which stays open. `what` names role and source.
FileBytes read_descriptor(int descriptor, const std::string& what);
// Maps a regular file, and copies any other one.
FileBytes map_file(const std::filesystem::path& path, const std::string& what);

}  // namespace zoo
