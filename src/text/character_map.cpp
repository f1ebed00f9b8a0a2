#include "text/character_map.hpp"

#include "base/error.hpp"

namespace realizar::text {

namespace {

std::uint32_t load_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Bits of an entry: 0-7 and 31 the byte that leads here, 8 whether a replacement hangs here, 9 and 10-30 the
// offset of the children. An entry with a replacement holds its place in bits 0-30.
bool has_value(std::uint32_t entry) { return (entry >> 8 & 1) != 0; }
std::uint32_t label(std::uint32_t entry) { return entry & (1u << 31 | 0xFF); }
std::uint32_t offset(std::uint32_t entry) { return (entry >> 10) << ((entry & 1u << 9) >> 6); }
std::uint32_t value(std::uint32_t entry) { return entry & ~(1u << 31); }

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes) {
  if (bytes.empty()) return;
  require(bytes.size() > 4, ErrorKind::invalid_file, "the precompiled charsmap has only ", bytes.size(),
          " bytes");
  const std::size_t size = load_u32(bytes, 0);
  require(size % 4 == 0 && size < bytes.size() - 4 && bytes.back() == '\0', ErrorKind::invalid_file,
          "the precompiled charsmap of ", bytes.size(), " bytes cannot hold an array of ", size,
          " bytes and replacements that end in 0");
  array_ = bytes.substr(4, size);
  replacements_ = bytes.substr(4 + size);
}

std::uint32_t CharacterMap::node(std::size_t i) const {
  require(i < array_.size() / 4, ErrorKind::invalid_file, "the precompiled charsmap points to entry ", i,
          " of ", array_.size() / 4);
  return load_u32(array_, 4 * i);
}

std::optional<CharacterMap::Replacement> CharacterMap::find(std::string_view text) const {
  if (array_.empty()) return std::nullopt;
  std::size_t consumed = 0;
  std::size_t place = 0;
  std::size_t at = offset(node(0));
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (byte == 0 || at >= array_.size() / 4) break;
    const std::uint32_t entry = node(at);
    if (label(entry) != byte) break;
    at ^= offset(entry);
    if (has_value(entry)) {
      consumed = i + 1;
      place = value(node(at));
    }
  }
  if (consumed == 0) return std::nullopt;
  require(place < replacements_.size(), ErrorKind::invalid_file,
          "the precompiled charsmap points to replacement byte ", place, " of ", replacements_.size());
  return Replacement{consumed, replacements_.substr(place, replacements_.find('\0', place) - place)};
}

}  // namespace realizar::text
