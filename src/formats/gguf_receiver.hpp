#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/gguf_file.hpp"

namespace realizar::formats {

/// Takes a GGUF file piece by piece, as it comes from a network or a browser's file, each tensor into memory
/// of its own, so that the bytes exist once.
class GgufReceiver {
 public:
  /// A file of `n_bytes`; `source` names it in errors.
  GgufReceiver(std::string source, uint64_t n_bytes);

  /// The next bytes. Throws `Error` as soon as the header is seen to be wrong: invalid_file, unsupported as
  /// for a mapped file and for a part of a split model, out_of_memory; invalid_argument for more than n_bytes
  /// in all.
  void append(std::span<const std::byte> bytes);

  uint64_t received() const { return received_; }

  /// The file, once all of its bytes are there; else throws invalid_file.
  GgufFile finish() &&;

 private:
  void try_header();
  void place(uint64_t offset, std::span<const std::byte> bytes);

  std::string source_;
  ReceivedFile file_;
  uint64_t received_ = 0;
  size_t next_try_;  // bytes of the header at which it is worth parsing again
  std::optional<GgufContents> contents_;
  std::vector<size_t> by_offset_;  // tensors in the order of their bytes
  size_t current_ = 0;             // of by_offset_: the first that may lack bytes
};

}  // namespace realizar::formats
