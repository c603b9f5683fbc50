// A model.pt in memory: read once, checked, not yet loaded.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/options.h"
#include "zoo/tensor.h"

namespace zoo {

// A TorchScript file is a program. The checks here tell that the file is whole and unchanged, not that its
// author means well: load models that you trust.
//
// A copy shares the bytes of the file. Several threads may use one ModelFile at the same time.
class ZOO_API ModelFile {
 public:
  // Reads the file and checks every record's CRC-32, the manifest, the manifest's hash of the weights and,
  // where given, the SHA-256 of the whole file (64 hexadecimal digits). The file must not be written to while
  // the ModelFile lives; replacing it by a rename does no harm. Throws Error: no_input, no_permission,
  // bad_data (with a message for each kind of file that is not TorchScript).
  static ModelFile open(const std::filesystem::path& path, const std::optional<std::string>& sha256 = {});

  [[nodiscard]] const std::filesystem::path& path() const;
  // The whole file, owned by this object and its copies.
  [[nodiscard]] std::span<const std::byte> bytes() const;
  [[nodiscard]] std::string sha256() const;
  // Absent in a TorchScript file that this project did not write.
  [[nodiscard]] const std::optional<Manifest>& manifest() const;
  // What a file without a manifest says of its streams, by method: zoo_roles.json inside it, or
  // FILE.roles.json beside it, which comes first.
  [[nodiscard]] const std::map<std::string, StreamRoles>& roles() const;
  // The .npy record extra/<name>, for example "golden/0_input.npy".
  [[nodiscard]] Tensor golden(const std::string& name) const;

 private:
  struct Impl;
  explicit ModelFile(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace zoo
