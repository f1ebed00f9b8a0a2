#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace realizar::backend {

/// A file mapped into memory for reading; nothing is read until it is touched. The file must not be truncated
/// while it is mapped: the system answers a read past the new end with SIGBUS.
class MappedFile {
 public:
  MappedFile() = default;
  /// Throws `Error` of kind io, naming the path, when it is no readable regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// Gives the pages that lie wholly inside the range back to the system; touching them reads the file again.
  void drop(size_t offset, size_t length) const;

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace realizar::backend
