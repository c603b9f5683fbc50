#include "model_kind.h"

#include <cstdint>
#include <string>

#include "little_endian.h"
#include "zoo/error.h"

namespace zoo {
namespace {

[[noreturn]] void fail(const std::string& message) { throw Error(Status::bad_data, message); }

[[noreturn]] void fail_checkpoint(const std::string& kind) {
  fail("the model is a " + kind +
       " (state dict), not TorchScript; make an artifact with scripts/script_model.py NAME --weights FILE -o "
       "model.pt");
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
  if (file.empty()) fail("the model file is empty (0 bytes); copy it again or make it again");
  if (is_pickle(file)) fail_checkpoint("pickled checkpoint");
  if (is_safetensors(file)) fail_checkpoint("safetensors checkpoint");
  fail("the model is not TorchScript: it does not begin as a zip archive (" + std::to_string(file.size()) +
       " bytes); make an artifact with scripts/script_model.py");
}

void require_torchscript(const Archive& archive) {
  const bool has_code = archive.find("constants.pkl") != nullptr && archive.has_folder("code/");
  if (has_code && archive.find("data.pkl") != nullptr) return;
  if (archive.find("archive_format") != nullptr || archive.has_folder("models/") ||
      archive.find("serialized_exported_program.json") != nullptr) {
    fail(
        "the model is a torch.export archive (.pt2), not TorchScript; script the model with "
        "scripts/script_model.py instead");
  }
  if (archive.find("data.pkl") != nullptr) fail_checkpoint("checkpoint");
  fail(
      "the model is a zip archive, but not TorchScript: it has no code/ and constants.pkl; make an artifact "
      "with "
      "scripts/script_model.py");
}

}  // namespace zoo
