#include "core/model_kind.h"

#include <cstdint>
#include <string>

#include "base/numbers.h"
#include "zoo/error.h"

namespace zoo {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw Error(Status::bad_data, message + "; save the model with zoo.save_artifact", Hint::artifact);
}

[[noreturn]] void fail_weights_only(const std::string& what) {
  fail("the model is " + what + " (a state dict), not TorchScript");
}

// Protocol 2 or later, as torch.save wrote before zip archives.
bool is_pickle(std::span<const std::byte> file) {
  return file.size() > 2 && file[0] == std::byte{0x80} && file[1] >= std::byte{2} && file[1] <= std::byte{5};
}

// Eight bytes of header length, then JSON.
bool is_safetensors(std::span<const std::byte> file) {
  const auto length = read_little_endian<std::uint64_t>(file, 0);
  return length && *length >= 2 && *length <= file.size() - 8 && file[8] == std::byte{'{'};
}

}  // namespace

void require_zip(std::span<const std::byte> file) {
  if (is_zip(file)) return;
  if (file.empty()) {
    throw Error(Status::bad_data, "the model file is empty (0 bytes); copy it again or make it again");
  }
  if (is_pickle(file)) fail_weights_only("a pickled file of weights");
  if (is_safetensors(file)) fail_weights_only("a safetensors file");
  fail("the model is not TorchScript: it does not begin as a zip archive (" + std::to_string(file.size()) +
       " bytes)");
}

void require_torchscript(const Archive& archive) {
  const bool has_code = archive.find("constants.pkl") != nullptr && archive.has_folder("code/");
  if (has_code && archive.find("data.pkl") != nullptr) return;
  if (archive.find("archive_format") != nullptr || archive.has_folder("models/") ||
      archive.find("serialized_exported_program.json") != nullptr) {
    fail("the model is a torch.export archive (.pt2), not TorchScript");
  }
  if (archive.find("data.pkl") != nullptr) fail_weights_only("a zip file of weights");
  fail("the model is a zip archive, but not TorchScript: it has no code/ and constants.pkl");
}

}  // namespace zoo
