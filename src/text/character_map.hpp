#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace realizar::text {

/// The normaliser of a SentencePiece model ("precompiled charsmap"): a double array that maps beginnings of
/// the text to replacements. Layout: u32 bytes of the array; its u32 entries; the replacements, each ended by
/// a 0. S. Kanda, "Space- and Time-Efficient String Dictionaries" (2018), describes the array (XCDA).
class CharacterMap {
 public:
  CharacterMap() = default;
  /// A view of `bytes`. Throws `Error` of kind invalid_file when they cannot be such a map.
  explicit CharacterMap(std::string_view bytes);

  struct Replacement {
    std::size_t consumed;  ///< bytes of the text
    std::string_view text;
  };
  /// The replacement of the longest beginning of `text` that has one.
  std::optional<Replacement> find(std::string_view text) const;

 private:
  std::uint32_t node(std::size_t i) const;

  std::string_view array_, replacements_;
};

}  // namespace realizar::text
