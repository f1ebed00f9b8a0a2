#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/gguf_types.hpp"

namespace realizar::formats {

/// What one file declares, each entry checked by itself: lengths against the file, types, shapes, and that no
/// two tensors share bytes. Names are not yet checked to be unique.
struct GgufContents {
  uint32_t version;
  uint64_t alignment;
  uint64_t data_offset;
  std::vector<Metadata> metadata;
  std::vector<TensorInfo> tensors;
};

/// Reads the header, the metadata and the tensor directory, and none of the weights. Time and memory stay in
/// proportion to the bytes of the header, whatever counts it claims. `source` names the file in errors.
GgufContents parse_gguf(std::span<const std::byte> bytes, const std::string& source);

/// The same of a file of `n_bytes` of which only the first, `bytes`, are at hand: nothing when its header
/// reaches beyond them. Data of tensors that is not at hand is an empty span.
std::optional<GgufContents> parse_gguf_start(std::span<const std::byte> bytes, uint64_t n_bytes,
                                             const std::string& source);

}  // namespace realizar::formats
