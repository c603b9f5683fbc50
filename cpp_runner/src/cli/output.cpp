#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include "base/message.h"
#include "formats/descriptor.h"
#include "zoo/error.h"
#include "zoo/npy.h"

namespace zoo::cli {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kMode = 0666;  // the umask takes some bits away

[[noreturn]] void fail_create(const fs::path& path, int error) {
  const bool permission = error == EACCES || error == EPERM;
  const Status status = permission        ? Status::no_permission
                        : error == ENOSPC ? Status::write_failed
                                          : Status::cannot_create;
  throw Error(status,
              "cannot create " + quote(path.native()) + ": " + std::generic_category().message(error));
}

[[noreturn]] void fail_write(const fs::path& path, int error) {
  throw Error(Status::write_failed,
              "cannot write " + quote(path.native()) + ": " + std::generic_category().message(error));
}

// A file in the folder of its target. If the file system can, it has no name until it is complete, so that
// even a killed program leaves nothing behind.
class PendingFile {
 public:
  explicit PendingFile(const fs::path& target)
      : target_(target), temporary_(temporary_path(target)), descriptor_(open_unnamed(target)) {
    if (descriptor_.valid()) return;
    descriptor_ = Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    if (!descriptor_.valid()) fail_create(target, errno);
    named_ = true;
  }
  PendingFile(PendingFile&& other) noexcept
      : target_(std::move(other.target_)),
        temporary_(std::move(other.temporary_)),
        descriptor_(std::move(other.descriptor_)),
        named_(std::exchange(other.named_, false)) {}
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile() {
    if (named_) ::unlink(temporary_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    if (!write_all(descriptor_.get(), bytes) || ::fsync(descriptor_.get()) != 0) fail_write(target_, errno);
  }

  // A link cannot replace a file, but a rename can; so both are needed.
  void publish() {
    if (!named_) {
      const std::string source = "/proc/self/fd/" + std::to_string(descriptor_.get());
      if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        fail_create(target_, errno);
      }
      named_ = true;
    }
    if (!descriptor_.close()) fail_write(target_, errno);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_create(target_, errno);
    named_ = false;
  }

 private:
  static fs::path folder_of(const fs::path& target) {
    return target.has_parent_path() ? target.parent_path() : fs::path(".");
  }
  static fs::path temporary_path(const fs::path& target) {
    return folder_of(target) / ("." + target.filename().native() + "." + std::to_string(::getpid()) + ".tmp");
  }
  static Descriptor open_unnamed(const fs::path& target) {
    if (::access("/proc/self/fd", X_OK) != 0) return Descriptor(-1);
    return Descriptor(::open(folder_of(target).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode));
  }

  fs::path target_;
  fs::path temporary_;
  Descriptor descriptor_;
  bool named_ = false;
};

// Follows a link: the file that it points to is the one to replace.
fs::path resolve(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error))) return path;
  const fs::path target = fs::weakly_canonical(path, error);
  return error ? path : target;
}

// Devices and pipes are written to, not replaced.
bool is_special(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return !error && fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

void write_special(const fs::path& path, std::span<const std::byte> bytes) {
  Descriptor descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!descriptor.valid()) fail_create(path, errno);
  if (!write_all(descriptor.get(), bytes) || !descriptor.close()) fail_write(path, errno);
}

}  // namespace

bool is_output_path(const fs::path& path) {
  return is_special(path) || (path.has_stem() && (path.extension() == ".npy" || path.extension() == ".bin"));
}

fs::path with_name(const fs::path& path, std::string_view name) {
  std::string part(name);
  std::ranges::replace_if(part, [](unsigned char c) { return c == '/' || c < 0x20; }, '_');
  fs::path result = path;
  result.replace_filename(path.stem().native() + "." + part + path.extension().native());
  return result;
}

std::vector<fs::path> name_outputs(const fs::path& path, const std::vector<NamedTensor>& outputs) {
  if (outputs.size() == 1 || is_special(path)) return std::vector(outputs.size(), path);
  std::vector<fs::path> paths;
  for (const NamedTensor& output : outputs) {
    paths.push_back(with_name(path, output.name));
    if (std::ranges::count(paths, paths.back()) > 1) {
      throw Error(Status::cannot_create, "two outputs would be written to " + quote(paths.back().native()));
    }
  }
  return paths;
}

OutputFile encode_output(const fs::path& path, const Tensor& tensor) {
  if (path.extension() == ".npy") return {path, encode_npy(tensor)};
  return {path, {tensor.bytes().begin(), tensor.bytes().end()}};
}

void write_files(const std::vector<OutputFile>& files) {
  std::vector<PendingFile> pending;
  for (const OutputFile& file : files) {
    const fs::path target = resolve(file.path);
    if (is_special(target)) continue;
    if (fs::is_directory(target)) fail_create(target, EISDIR);
    pending.emplace_back(target).write(file.bytes);
  }
  for (const OutputFile& file : files) {
    if (is_special(file.path)) write_special(file.path, file.bytes);
  }
  for (PendingFile& file : pending) file.publish();
}

}  // namespace zoo::cli
