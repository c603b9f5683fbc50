#include "formats/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "base/message.h"
#include "formats/descriptor.h"
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

struct stat status_of(int descriptor, const std::string& what) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) throw_unreadable(what, errno);
  if (S_ISDIR(status.st_mode)) throw Error(Status::no_input, "cannot read " + what + ": it is a directory");
  return status;
}

Descriptor open_file(const std::filesystem::path& path, const std::string& what) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) throw_unreadable(what, errno);
  return descriptor;
}

std::string describe(const std::filesystem::path& path, const std::string& what) {
  return what + " " + quote(path.native());
}

}  // namespace

FileBytes::FileBytes(std::vector<std::byte> copied) : copied_(std::move(copied)), bytes_(copied_) {}

FileBytes::FileBytes(int descriptor, std::size_t size) {
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  bytes_ = {static_cast<const std::byte*>(address), size};
  mapped_ = true;
}

FileBytes::FileBytes(FileBytes&& other) noexcept { *this = std::move(other); }

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(copied_, other.copied_);
  std::swap(bytes_, other.bytes_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

FileBytes::~FileBytes() {
  if (mapped_) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

FileBytes read_descriptor(int descriptor, const std::string& what) {
  const struct stat status = status_of(descriptor, what);
  // A size that is too small or zero (pipes, /proc) only means more reads. One byte more than the size lets
  // the last read see the end.
  std::vector<std::byte> bytes(S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) + 1
                                                       : kPipeBlock);
  std::size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) bytes.resize(std::max(2 * filled, kPipeBlock));
    const ssize_t count = ::read(descriptor, bytes.data() + filled, bytes.size() - filled);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_unreadable(what, errno);
    }
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return FileBytes(std::move(bytes));
}

FileBytes read_file(const std::filesystem::path& path, const std::string& what) {
  const std::string role = describe(path, what);
  return read_descriptor(open_file(path, role).get(), role);
}

FileBytes map_file(const std::filesystem::path& path, const std::string& what) {
  const std::string role = describe(path, what);
  const Descriptor descriptor = open_file(path, role);
  const struct stat status = status_of(descriptor.get(), role);
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return read_descriptor(descriptor.get(), role);
  return FileBytes(descriptor.get(), static_cast<std::size_t>(status.st_size));
}

}  // namespace zoo
