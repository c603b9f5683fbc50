// A model.pt in memory: read once, checked, not yet loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/tensor.h"

namespace zoo {

class TorchModule;

// A TorchScript file is a program. What is checked here is that the file is whole and unchanged, not that its
// author means well: load models you trust.
class ZOO_API ModelFile {
 public:
  // Reads the file and checks it: every record's CRC-32, the manifest, the manifest's hash of the weights
  // and, where given, the SHA-256 of the whole file (64 hexadecimal digits). Throws Error: no_input,
  // no_permission, bad_data (one message for each kind of file that is no TorchScript).
  static ModelFile open(const std::filesystem::path& path, const std::optional<std::string>& sha256 = {});

  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] std::size_t size() const;  // bytes
  [[nodiscard]] std::string sha256() const;
  // Absent in a TorchScript file that this project did not write.
  [[nodiscard]] const std::optional<Manifest>& manifest() const;
  // The .npy record extra/<name>, "golden/0_input.npy" for one.
  [[nodiscard]] Tensor golden(const std::string& name) const;

 private:
  friend class TorchModule;
  struct Impl;
  explicit ModelFile(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace zoo
