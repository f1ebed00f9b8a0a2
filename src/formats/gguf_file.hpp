#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "backend/mapped_file.hpp"
#include "formats/gguf.hpp"

namespace realizar::formats {

/// A model on disk: a GGUF file, or the parts of a split one (NAME-00001-of-0000N.gguf), mapped and
/// validated.
class GgufFile {
 public:
  /// `path` names the file, or the first part of a split model; the others stand beside it.
  static GgufFile open(const std::string& path);

  const Gguf& gguf() const { return gguf_; }

  /// Bytes of all parts.
  uint64_t size() const;

  /// Gives the pages of a tensor's bytes back to the system, when its weights have been copied elsewhere.
  void drop(std::span<const std::byte> bytes) const;

 private:
  GgufFile(std::vector<backend::MappedFile> parts, Gguf gguf)
      : parts_(std::move(parts)), gguf_(std::move(gguf)) {}

  std::vector<backend::MappedFile> parts_;
  Gguf gguf_;
};

}  // namespace realizar::formats
