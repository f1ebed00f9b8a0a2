#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace realizar::server {

/// A regular file, read a part at a time; it stays the same file when its name is given to another.
class ServedFile {
 public:
  /// Null where there is no regular file of this name that may be read.
  static std::shared_ptr<const ServedFile> open(const std::filesystem::path& path);

  ~ServedFile();
  ServedFile(const ServedFile&) = delete;
  ServedFile& operator=(const ServedFile&) = delete;

  uint64_t size() const { return size_; }

  /// Another one when the file has changed: letters, digits and '-'.
  const std::string& version() const { return version_; }

  /// The bytes that were read from `offset` on: fewer than `n` at the end of the file, 0 behind it and where
  /// reading fails.
  size_t read(uint64_t offset, char* into, size_t n) const;

 private:
  ServedFile(int descriptor, uint64_t size, std::string version);

  int descriptor_;
  uint64_t size_;
  std::string version_;
};

}  // namespace realizar::server
