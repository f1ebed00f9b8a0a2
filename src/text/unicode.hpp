#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace realizar::text {

/// The general category of a code point, as coarse as pre-tokenizers look at it (Unicode 15.1).
enum class Category : std::uint8_t { other, number, letter, punctuation, mark, symbol, control };

Category category(std::uint32_t code_point);
/// The property White_Space.
bool is_whitespace(std::uint32_t code_point);
/// The first code point of the lower case of `code_point`, itself where there is none.
std::uint32_t to_lower(std::uint32_t code_point);
/// The first code point of the canonical decomposition: a letter without its accents.
std::uint32_t base_character(std::uint32_t code_point);

inline constexpr std::uint32_t replacement_character = 0xFFFD;

/// The number of bytes that a UTF-8 sequence with this first byte claims; 1 for a byte that cannot be first.
std::size_t utf8_length(char first);

/// Reads the code point at `text[position]` and moves `position` behind it. A byte that begins no sequence is
/// one U+FFFD. Overlong forms and surrogates pass, as in the tokenizers that the vocabularies were published
/// with.
std::uint32_t next_code_point(std::string_view text, std::size_t& position);

void append_utf8(std::string& text, std::uint32_t code_point);

/// What is at the front of a byte stream.
struct Utf8Prefix {
  enum class State { valid, incomplete, invalid } state;
  std::size_t length;  ///< bytes of the character; of the longest broken sequence to replace by one U+FFFD
};
/// Looks at the front of non-empty `bytes` by the strict definition of UTF-8 (no overlong forms, no
/// surrogates).
Utf8Prefix strict_utf8_prefix(std::string_view bytes);

}  // namespace realizar::text
