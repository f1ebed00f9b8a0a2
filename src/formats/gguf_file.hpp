#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "backend/mapped_file.hpp"
#include "formats/gguf.hpp"

namespace realizar::formats {

/// The bytes of a file that came piece by piece; metadata and tensors are views into them.
struct ReceivedFile {
  uint64_t n_bytes = 0;
  std::vector<std::byte> header;
  std::vector<backend::AlignedBuffer> tensors;  // in the order of the directory
  std::vector<uint64_t> dropped;                // bytes of each tensor
};

/// A model on disk, mapped and validated: a GGUF file, or the parts of a split one
/// (NAME-00001-of-0000N.gguf); or one that was received.
class GgufFile {
 public:
  /// `path` names the file, or the first part of a split model; the others stand beside it.
  static GgufFile open(const std::string& path);

  GgufFile(ReceivedFile received, Gguf gguf) : received_(std::move(received)), gguf_(std::move(gguf)) {}

  const Gguf& gguf() const { return gguf_; }

  /// Bytes of all parts.
  uint64_t size() const;

  /// Gives the memory of a tensor's bytes, or of a part of them, back to the system, when its weights have
  /// been copied elsewhere: of a mapped file at once, to be read again if touched; of a received tensor once
  /// all of its bytes are dropped, for good.
  void drop(std::span<const std::byte> bytes);

 private:
  GgufFile(std::vector<backend::MappedFile> parts, Gguf gguf)
      : parts_(std::move(parts)), gguf_(std::move(gguf)) {}

  std::vector<backend::MappedFile> parts_;
  ReceivedFile received_;
  Gguf gguf_;
};

}  // namespace realizar::formats
