#include "backend/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>
#include <utility>

#include "base/error.hpp"

namespace realizar::backend {
namespace {

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

[[noreturn]] void fail_with_errno(const char* action, const std::string& path) {
  const int code = errno;
  fail(ErrorKind::io, "cannot ", action, " '", path, "': ", std::generic_category().message(code));
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) fail_with_errno("open", path);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) fail_with_errno("examine", path);
  require(S_ISREG(status.st_mode), ErrorKind::io, "cannot map '", path, "': it is no regular file");
  if (status.st_size == 0) return;
  require(static_cast<uint64_t>(status.st_size) <= std::numeric_limits<size_t>::max(), ErrorKind::io,
          "cannot map '", path, "': its ", status.st_size, " bytes exceed the address space");
  const auto size = static_cast<size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (address == MAP_FAILED) fail_with_errno("map", path);
  data_ = static_cast<std::byte*>(address);
  size_ = size;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void MappedFile::drop(size_t offset, size_t length) const {
  if (offset >= size_) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t end = offset + std::min(length, size_ - offset);
  const size_t first = (offset + page - 1) / page * page;
  // The last page of the file holds nothing beyond the file's end, so it may go when the range reaches that
  // end.
  const size_t last = end == size_ ? end : end / page * page;
  if (first < last) ::madvise(data_ + first, last - first, MADV_DONTNEED);
}

}  // namespace realizar::backend
