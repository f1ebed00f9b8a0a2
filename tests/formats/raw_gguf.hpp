#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf_types.hpp"

namespace realizar::test {

/// Puts a GGUF file together byte by byte and checks nothing, for files that must be refused.
class RawGguf {
 public:
  template <class T>
  RawGguf& put(T value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof value);
    return *this;
  }
  RawGguf& put_bytes(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  RawGguf& put_string(std::string_view text) { return put<uint64_t>(text.size()).put_bytes(text); }

  RawGguf& header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
    return put_bytes("GGUF").put(version).put(tensors).put(keys);
  }
  RawGguf& key(std::string_view name, formats::GgufType type) { return put_string(name).put(type); }
  RawGguf& array(std::string_view name, formats::GgufType element, uint64_t count) {
    return key(name, formats::GgufType::array).put(element).put(count);
  }
  RawGguf& tensor(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    put_string(name).put(static_cast<uint32_t>(shape.size()));
    for (const uint64_t n : shape) put(n);
    return put(type).put(offset);
  }
  /// The data section: padding up to the alignment, then `size` zero bytes.
  RawGguf& data(size_t size, size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment + size);
    return *this;
  }

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace realizar::test
