#include "formats/archive.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/message.h"
#include "base/numbers.h"
#include "formats/checksums.h"
#include "formats/inflate.h"
#include "zoo/error.h"

namespace zoo {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kLocatorSize = 20;
constexpr std::uint16_t kSizesFollow = 1U << 3;  // the local header leaves CRC and sizes to a trailer

[[noreturn]] void throw_damaged(const std::string& detail) {
  throw Error(Status::bad_data, "the model file is damaged: " + detail + "; copy it again or make it again");
}

template <std::unsigned_integral T>
T field(std::span<const std::byte> file, std::uint64_t offset) {
  const auto value = read_little_endian<T>(file, offset);
  if (!value) throw_damaged("a zip header points past the end of the file");
  return *value;
}

std::string text(std::span<const std::byte> file, std::uint64_t offset, std::size_t size) {
  if (offset > file.size() || size > file.size() - offset) throw_damaged("a record's name runs past the end");
  return {reinterpret_cast<const char*>(file.data()) + offset, size};
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

// The end record comes last, so a truncated file does not have it.
std::uint64_t find_end(std::span<const std::byte> file) {
  constexpr std::size_t longest_comment = 0xFFFF;
  for (std::size_t comment = 0; comment <= longest_comment && comment + kEndSize <= file.size(); ++comment) {
    const std::uint64_t offset = file.size() - kEndSize - comment;
    if (field<std::uint32_t>(file, offset) == kEnd && field<std::uint16_t>(file, offset + 20) == comment) {
      return offset;
    }
  }
  throw Error(Status::bad_data,
              "the model file is truncated or damaged: a zip archive that begins but does not end, " +
                  std::to_string(file.size()) + " bytes; copy it again");
}

Directory find_directory(std::span<const std::byte> file) {
  const std::uint64_t end = find_end(file);
  Directory directory{field<std::uint32_t>(file, end + 16), field<std::uint32_t>(file, end + 12),
                      field<std::uint16_t>(file, end + 10)};
  if (end >= kLocatorSize && field<std::uint32_t>(file, end - kLocatorSize) == kEnd64Locator) {
    const auto end64 = field<std::uint64_t>(file, end - kLocatorSize + 8);
    if (field<std::uint32_t>(file, end64) != kEnd64) throw_damaged("no zip64 end record where one should be");
    const Directory large{field<std::uint64_t>(file, end64 + 48), field<std::uint64_t>(file, end64 + 40),
                          field<std::uint64_t>(file, end64 + 32)};
    // The short record repeats the long one where the numbers fit.
    const bool agree = (directory.offset == 0xFFFFFFFF || directory.offset == large.offset) &&
                       (directory.size == 0xFFFFFFFF || directory.size == large.size) &&
                       (directory.entries == 0xFFFF || directory.entries == large.entries);
    if (!agree) throw_damaged("its two zip end records differ");
    directory = large;
  }
  if (directory.offset > end || directory.size > end - directory.offset) {
    throw_damaged("the zip directory lies outside the file");
  }
  return directory;
}

struct Entry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t compressed = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

// A field that does not fit 32 bits is all ones; its value is in the extra field 1, in this order.
void read_zip64(std::span<const std::byte> file, std::uint64_t extra, std::size_t length, Entry& entry) {
  for (std::uint64_t at = extra; at + 4 <= extra + length;) {
    const auto id = field<std::uint16_t>(file, at);
    const auto size = field<std::uint16_t>(file, at + 2);
    if (id == 1) {
      std::uint64_t next = at + 4;
      for (std::uint64_t* value : {&entry.size, &entry.compressed, &entry.offset}) {
        if (*value != 0xFFFFFFFF) continue;
        if (next + 8 > at + 4 + size) throw_damaged("a zip64 field is missing");
        *value = field<std::uint64_t>(file, next);
        next += 8;
      }
    }
    at += 4U + size;
  }
}

std::uint64_t read_entry(std::span<const std::byte> file, std::uint64_t at, Entry& entry) {
  if (field<std::uint32_t>(file, at) != kCentralHeader) throw_damaged("a zip directory entry is missing");
  entry.flags = field<std::uint16_t>(file, at + 8);
  entry.method = field<std::uint16_t>(file, at + 10);
  entry.crc = field<std::uint32_t>(file, at + 16);
  entry.compressed = field<std::uint32_t>(file, at + 20);
  entry.size = field<std::uint32_t>(file, at + 24);
  const auto name_length = field<std::uint16_t>(file, at + 28);
  const auto extra_length = field<std::uint16_t>(file, at + 30);
  const auto comment_length = field<std::uint16_t>(file, at + 32);
  entry.offset = field<std::uint32_t>(file, at + 42);
  entry.name = text(file, at + 46, name_length);
  read_zip64(file, at + 46 + name_length, extra_length, entry);
  return at + 46 + name_length + extra_length + comment_length;
}

std::span<const std::byte> locate(std::span<const std::byte> file, const Entry& entry) {
  const std::string what = "record " + quote(entry.name);
  if (field<std::uint32_t>(file, entry.offset) != kLocalHeader)
    throw_damaged(what + " is not where it should be");
  const auto name_length = field<std::uint16_t>(file, entry.offset + 26);
  const auto extra_length = field<std::uint16_t>(file, entry.offset + 28);
  bool agree = field<std::uint16_t>(file, entry.offset + 6) == entry.flags &&
               field<std::uint16_t>(file, entry.offset + 8) == entry.method &&
               name_length == entry.name.size() && text(file, entry.offset + 30, name_length) == entry.name;
  if ((entry.flags & kSizesFollow) == 0) {
    const auto compressed = field<std::uint32_t>(file, entry.offset + 18);
    const auto size = field<std::uint32_t>(file, entry.offset + 22);
    agree = agree && field<std::uint32_t>(file, entry.offset + 14) == entry.crc &&
            (compressed == 0xFFFFFFFF || compressed == entry.compressed) &&
            (size == 0xFFFFFFFF || size == entry.size);
  }
  if (!agree) throw_damaged("the two headers of " + what + " differ");
  const std::uint64_t begin = entry.offset + 30 + name_length + extra_length;
  if (begin > file.size() || entry.compressed > file.size() - begin)
    throw_damaged(what + " runs past the end");
  return file.subspan(begin, entry.compressed);
}

Record make_record(std::span<const std::byte> file, const Entry& entry, const std::string& top) {
  if (!entry.name.starts_with(top))
    throw_damaged("record " + quote(entry.name) + " lies outside " + quote(top));
  if (entry.method != 0 && entry.method != 8) {
    throw_damaged("record " + quote(entry.name) + " has compression method " + std::to_string(entry.method) +
                  ", expected 0 or 8");
  }
  if (entry.method == 0 && entry.compressed != entry.size) {
    throw_damaged("record " + quote(entry.name) + " is stored with two different sizes");
  }
  return {entry.name.substr(top.size()), entry.crc, entry.method == 8, locate(file, entry), entry.size};
}

}  // namespace

bool is_zip(std::span<const std::byte> file) {
  return read_little_endian<std::uint32_t>(file, 0) == kLocalHeader;
}

Archive Archive::parse(std::span<const std::byte> file) {
  const Directory directory = find_directory(file);
  Archive archive;
  std::set<std::string> names;
  std::string top;
  std::uint64_t at = directory.offset;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    Entry entry;
    at = read_entry(file, at, entry);
    if (!names.insert(entry.name).second) throw_damaged("record " + quote(entry.name) + " occurs twice");
    // PyTorch takes the folder of the first record as the top folder.
    if (i == 0) top = entry.name.substr(0, entry.name.find('/') + 1);
    archive.records_.push_back(make_record(file, entry, top));
  }
  if (at != directory.offset + directory.size)
    throw_damaged("the zip directory does not have the length that it states");
  return archive;
}

const Record* Archive::find(std::string_view name) const {
  const auto found = std::ranges::find(records_, name, &Record::name);
  return found == records_.end() ? nullptr : &*found;
}

bool Archive::has_folder(std::string_view prefix) const {
  return std::ranges::any_of(records_, [&](const Record& r) { return r.name.starts_with(prefix); });
}

std::vector<std::byte> Archive::read(const Record& record) const {
  if (!record.deflated) return {record.stored.begin(), record.stored.end()};
  auto bytes = inflate(record.stored, record.size);
  if (!bytes) throw_damaged("record " + quote(record.name) + " cannot be decompressed");
  return *std::move(bytes);
}

void Archive::check_crcs() const {
  for (const Record& record : records_) {
    const std::uint32_t crc = record.deflated ? crc32(read(record)) : crc32(record.stored);
    if (crc != record.crc)
      throw_damaged("CRC-32 of record " + quote(record.name) + " does not match its bytes");
  }
}

}  // namespace zoo
