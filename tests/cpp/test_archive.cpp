#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "core/model_kind.h"
#include "formats/archive.h"
#include "formats/checksums.h"

namespace zoo::test {
namespace {

using Bytes = std::vector<std::byte>;

void put(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void put(Bytes& bytes, const std::string& text) {
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
}

// Flags, method, time, date, CRC-32, two sizes, length of the name, no extra field.
void put_common(Bytes& bytes, const std::string& name, const std::string& content) {
  put(bytes, 0, 2);
  put(bytes, 0, 2);
  put(bytes, 0, 4);
  put(bytes, crc32(std::as_bytes(std::span(content))), 4);
  put(bytes, content.size(), 4);
  put(bytes, content.size(), 4);
  put(bytes, name.size(), 2);
  put(bytes, 0, 2);
}

// A zip archive of stored records.
Bytes make_zip(const std::vector<std::pair<std::string, std::string>>& records) {
  Bytes file;
  Bytes directory;
  for (const auto& [name, content] : records) {
    const std::size_t offset = file.size();
    put(file, 0x04034b50, 4);
    put(file, 20, 2);
    put_common(file, name, content);
    put(file, name);
    put(file, content);
    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put(directory, 20, 2);
    put_common(directory, name, content);
    put(directory, 0, 8);  // comment, disk, attributes
    put(directory, 0, 2);
    put(directory, offset, 4);
    put(directory, name);
  }
  const std::size_t begin = file.size();
  file.insert(file.end(), directory.begin(), directory.end());
  put(file, 0x06054b50, 4);
  put(file, 0, 4);
  put(file, records.size(), 2);
  put(file, records.size(), 2);
  put(file, directory.size(), 4);
  put(file, begin, 4);
  put(file, 0, 2);
  return file;
}

// Everything a loader would see.
std::string contents(const Bytes& file) {
  const Archive archive = Archive::parse(file);
  archive.check_crcs();
  std::string all;
  for (const Record& record : archive.records()) {
    const Bytes bytes = archive.read(record);
    all += record.name + "=" + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) + ";";
  }
  return all;
}

void test_damage(const Bytes& file) {
  const std::string whole = contents(file);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const Bytes part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    ERROR_OF(Status::bad_data, [&] { static_cast<void>(contents(part)); });
  }
  // A flipped bit is noticed, or it is one of those that change nothing (times, attributes).
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes damaged = file;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    try {
      CHECK(contents(damaged) == whole);
    } catch (const Error& error) {
      CHECK(error.status() == Status::bad_data);
    }
  }
}

void require_torchscript_of(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> records;
  for (const std::string& name : names) records.emplace_back("top/" + name, "x");
  const Bytes file = make_zip(records);
  require_torchscript(Archive::parse(file));
}

std::string kind_message(const std::vector<std::string>& names) {
  return ERROR_OF(Status::bad_data, [&] { require_torchscript_of(names); });
}

std::string bytes_message(const std::string& text) {
  return ERROR_OF(Status::bad_data, [&] { require_zip(std::as_bytes(std::span(text))); });
}

}  // namespace

TEST(archive) {
  const Bytes file = make_zip({{"m/data.pkl", "abc"}, {"m/code/a.py", "def f(): pass"}, {"m/data/0", ""}});
  CHECK(contents(file) == "data.pkl=abc;code/a.py=def f(): pass;data/0=;");
  const Archive archive = Archive::parse(file);
  CHECK(archive.find("data/0") != nullptr && archive.find("data/1") == nullptr);
  CHECK(archive.has_folder("code/") && !archive.has_folder("extra/"));
  test_damage(file);
  CHECK(contains(ERROR_OF(Status::bad_data, [] { Archive::parse(make_zip({{"a/b", "x"}, {"c/d", "y"}})); }),
                 "outside"));
  CHECK(contains(ERROR_OF(Status::bad_data, [] { Archive::parse(make_zip({{"a/b", "x"}, {"a/b", "y"}})); }),
                 "twice"));
}

TEST(kinds_of_files) {
  require_torchscript_of({"data.pkl", "constants.pkl", "code/m.py"});
  CHECK(contains(kind_message({"data.pkl", "version"}), "a zip file of weights"));
  CHECK(contains(kind_message({"archive_format", "models/model.json"}), "torch.export"));
  CHECK(contains(kind_message({"readme.txt"}), "not TorchScript"));
  CHECK(contains(bytes_message(""), "empty"));
  CHECK(contains(bytes_message("\x80\x02}q"), "a pickled file of weights"));
  CHECK(contains(bytes_message(std::string("\x02\0\0\0\0\0\0\0{}", 10)), "safetensors"));
  CHECK(contains(bytes_message("random"), "does not begin as a zip"));
}

}  // namespace zoo::test
