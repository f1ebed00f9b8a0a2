#include "server/served_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace realizar::server {

std::shared_ptr<const ServedFile> ServedFile::open(const std::filesystem::path& path) {
  // Opening a pipe that nobody writes to would wait.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return nullptr;
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    return nullptr;
  }
  char version[64];
  std::snprintf(
      version, sizeof version, "%llx-%llx-%llx%08lx", static_cast<unsigned long long>(status.st_ino),
      static_cast<unsigned long long>(status.st_size), static_cast<unsigned long long>(status.st_mtim.tv_sec),
      static_cast<unsigned long>(status.st_mtim.tv_nsec));
  return std::shared_ptr<const ServedFile>(
      new ServedFile(descriptor, static_cast<uint64_t>(status.st_size), version));
}

ServedFile::ServedFile(int descriptor, uint64_t size, std::string version)
    : descriptor_(descriptor), size_(size), version_(std::move(version)) {}

ServedFile::~ServedFile() { close(descriptor_); }

size_t ServedFile::read(uint64_t offset, char* into, size_t n) const {
  ssize_t got;
  do {
    got = pread(descriptor_, into, n, static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  return got < 0 ? 0 : static_cast<size_t>(got);
}

}  // namespace realizar::server
