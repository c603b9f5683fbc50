#include "zoo/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "descriptor.h"
#include "message.h"
#include "zoo/error.h"

namespace zoo {
namespace {

constexpr std::size_t kPipeBlock = std::size_t{1} << 20;

[[noreturn]] void throw_unreadable(const std::string& what, int error) {
  const bool permission = error == EACCES || error == EPERM;
  const bool missing = error == ENOENT || error == ENOTDIR;
  const std::string reason = missing ? "no such file" : std::generic_category().message(error);
  throw Error(permission ? Status::no_permission : Status::no_input, "cannot read " + what + ": " + reason);
}

}  // namespace

FileBytes::FileBytes(std::size_t size)
    : data_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

void FileBytes::resize(std::size_t size) {
  FileBytes other(size);
  std::memcpy(other.data_.get(), data_.get(), std::min(size, size_));
  *this = std::move(other);
}

FileBytes read_descriptor(int descriptor, const std::string& what) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) throw_unreadable(what, errno);
  if (S_ISDIR(status.st_mode)) throw Error(Status::no_input, "cannot read " + what + ": it is a directory");
  // A size that is too small or zero (pipes, /proc) only means more rounds. One byte more than the size lets
  // the last read meet the end.
  const auto known = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) + 1 : kPipeBlock;
  FileBytes file(known);
  std::size_t filled = 0;
  while (true) {
    if (filled == file.bytes().size()) file.resize(std::max(2 * filled, kPipeBlock));
    const ssize_t count = ::read(descriptor, file.bytes().data() + filled, file.bytes().size() - filled);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_unreadable(what, errno);
    }
    filled += static_cast<std::size_t>(count);
  }
  file.truncate(filled);
  return file;
}

FileBytes read_file(const std::filesystem::path& path, const std::string& what) {
  const std::string role = what + " " + quote(path.native());
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) throw_unreadable(role, errno);
  return read_descriptor(descriptor.get(), role);
}

}  // namespace zoo
