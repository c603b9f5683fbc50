// Whole files into memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "zoo/export.h"

namespace zoo {

// Bytes that are not zeroed before they are read into, as those of a vector would be.
class ZOO_API FileBytes {
 public:
  FileBytes() = default;
  explicit FileBytes(std::size_t size);
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_.get(), size_}; }
  [[nodiscard]] std::span<std::byte> bytes() { return {data_.get(), size_}; }
  void resize(std::size_t size);
  void truncate(std::size_t size) { size_ = size; }  // to less, without moving the bytes

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
};

// `what` names the role in messages: "model", "input". Pipes are read to their end.
// Throws Error: no_input (missing, a directory, unreadable), no_permission.
ZOO_API FileBytes read_file(const std::filesystem::path& path, const std::string& what);
// The same for an open descriptor, which stays open.
ZOO_API FileBytes read_descriptor(int descriptor, const std::string& what);

}  // namespace zoo
