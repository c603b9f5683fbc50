#include "zoo/model_file.h"

#include <algorithm>
#include <cctype>
#include <future>
#include <utility>
#include <vector>

#include "base/message.h"
#include "core/model_kind.h"
#include "core/roles.h"
#include "formats/archive.h"
#include "formats/checksums.h"
#include "formats/file.h"
#include "zoo/error.h"
#include "zoo/npy.h"

namespace zoo {
namespace {

bool is_weight(const Record& record) {
  return record.name.starts_with("data/") || record.name.starts_with("constants/");
}

// The hash over path, size and bytes of every record that holds numbers, in the order of the paths.
std::string hash_weights(const Archive& archive) {
  std::vector<const Record*> records;
  for (const Record& record : archive.records()) {
    if (is_weight(record)) records.push_back(&record);
  }
  std::ranges::sort(records, {}, &Record::name);
  const std::string_view separator("\0", 1);
  Sha256 hash;
  for (const Record* record : records) {
    hash.update(record->name);
    hash.update(separator);
    hash.update(std::to_string(record->size));
    hash.update(separator);
    if (record->deflated) {
      hash.update(archive.read(*record));
    } else {
      hash.update(record->stored);
    }
  }
  return hash.finish();
}

void check_file_hash(const std::string& actual, std::string expected) {
  std::ranges::transform(expected, expected.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (actual == expected) return;
  throw Error(Status::bad_data, "the model file has SHA-256 " + actual + ", expected another one",
              Hint::sha256);
}

void check_weights_hash(const std::string& actual, const std::string& expected) {
  if (actual == expected) return;
  throw Error(Status::bad_data, "the weights do not match the manifest: SHA-256 " + actual.substr(0, 16) +
                                    "..., expected " + expected.substr(0, 16) +
                                    "...; the model was changed after it was saved");
}

std::optional<Manifest> read_manifest(const Archive& archive) {
  const Record* record = archive.find("extra/zoo_manifest.json");
  if (record == nullptr) return std::nullopt;
  const std::vector<std::byte> json = archive.read(*record);
  return parse_manifest({reinterpret_cast<const char*>(json.data()), json.size()});
}

std::map<std::string, StreamRoles> read_roles(const std::filesystem::path& path, const Archive& archive) {
  std::filesystem::path beside = path;
  beside += ".roles.json";
  const auto text = [](std::span<const std::byte> bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  if (std::filesystem::exists(beside)) {
    const FileBytes file = read_file(beside, "roles");
    return parse_roles(text(file.bytes()), quote(beside.filename().native()));
  }
  const Record* record = archive.find("extra/zoo_roles.json");
  if (record == nullptr) return {};
  return parse_roles(text(archive.read(*record)), "the model's zoo_roles.json");
}

// Hashing a large file takes as long as reading it, so the three sums are formed at the same time. Below this
// size a thread costs more than it saves.
std::launch launch_policy(std::size_t size) {
  return size < (std::size_t{1} << 20) ? std::launch::deferred : std::launch::async;
}

}  // namespace

struct ModelFile::Impl {
  std::filesystem::path path;
  FileBytes file;
  Archive archive;
  std::optional<Manifest> manifest;
  std::map<std::string, StreamRoles> roles;
};

ModelFile::ModelFile(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

ModelFile ModelFile::open(const std::filesystem::path& path, const std::optional<std::string>& sha256) {
  auto impl = std::make_shared<Impl>();
  impl->path = path;
  impl->file = map_file(path, "model");
  const std::span<const std::byte> bytes = impl->file.bytes();
  require_zip(bytes);
  impl->archive = Archive::parse(bytes);
  const Archive& archive = impl->archive;
  const auto policy = launch_policy(bytes.size());
  auto weights_hash = std::async(policy, [&archive] {
    return archive.find("extra/zoo_manifest.json") != nullptr ? hash_weights(archive) : std::string();
  });
  auto file_hash = std::async(policy, [&] { return sha256 ? zoo::sha256(bytes) : std::string(); });
  // Damage comes first, because it explains every later mismatch.
  archive.check_crcs();
  if (sha256) check_file_hash(file_hash.get(), *sha256);
  require_torchscript(archive);
  impl->manifest = read_manifest(archive);
  if (impl->manifest) check_weights_hash(weights_hash.get(), impl->manifest->weights_sha256);
  if (!impl->manifest) impl->roles = read_roles(path, archive);
  return ModelFile(std::move(impl));
}

const std::filesystem::path& ModelFile::path() const { return impl_->path; }
std::span<const std::byte> ModelFile::bytes() const { return impl_->file.bytes(); }
std::string ModelFile::sha256() const { return zoo::sha256(impl_->file.bytes()); }
const std::optional<Manifest>& ModelFile::manifest() const { return impl_->manifest; }

const std::map<std::string, StreamRoles>& ModelFile::roles() const { return impl_->roles; }

Tensor ModelFile::golden(const std::string& name) const {
  const Record* record = impl_->archive.find("extra/" + name);
  if (record == nullptr) throw Error(Status::bad_data, "the model has no golden record " + quote(name));
  return parse_npy(impl_->archive.read(*record), "golden record " + quote(name));
}

}  // namespace zoo
