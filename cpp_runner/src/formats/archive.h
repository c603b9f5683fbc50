// The zip archive that a TorchScript file is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zoo {

struct Record {
  std::string name;  // below the archive's top folder: "data/0"
  std::uint32_t crc = 0;
  bool deflated = false;
  std::span<const std::byte> stored;  // as in the file
  std::uint64_t size = 0;             // after inflating
};

// It refers to the bytes that it was parsed from; they must outlive it.
class Archive {
 public:
  // Reads the central directory and compares each entry with the local header, which LibTorch reads.
  // Throws Error(bad_data) for a truncated or changed file.
  static Archive parse(std::span<const std::byte> file);

  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  [[nodiscard]] const Record* find(std::string_view name) const;
  [[nodiscard]] bool has_folder(std::string_view prefix) const;
  // Inflated, not compared with its CRC-32.
  [[nodiscard]] std::vector<std::byte> read(const Record& record) const;
  // Throws Error(bad_data) that names the first record whose CRC-32 does not match.
  void check_crcs() const;

 private:
  std::vector<Record> records_;
};

bool is_zip(std::span<const std::byte> file);

}  // namespace zoo
