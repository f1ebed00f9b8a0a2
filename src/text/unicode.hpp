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
/// The first code point of the canonical decomposition: a letter without its accents.
std::uint32_t base_character(std::uint32_t code_point);

// The properties that methods of Python's str ask for.
bool is_space(std::uint32_t c);       ///< white space and the separators U+001C to U+001F
bool is_line_break(std::uint32_t c);  ///< where str.splitlines breaks
bool is_alphabetic(std::uint32_t c);
bool is_decimal(std::uint32_t c);
bool is_digit(std::uint32_t c);
bool is_numeric(std::uint32_t c);
bool is_alphanumeric(std::uint32_t c);
bool is_printable(std::uint32_t c);
bool is_lowercase(std::uint32_t c);
bool is_uppercase(std::uint32_t c);
bool is_cased(std::uint32_t c);
bool is_case_ignorable(std::uint32_t c);

inline constexpr std::uint32_t replacement_character = 0xFFFD;

/// The number of bytes that a UTF-8 sequence with this first byte claims; 1 for a byte that cannot be first.
std::size_t utf8_length(char first);

/// Reads the code point at `text[position]` and moves `position` behind it. A byte that begins no sequence is
/// one U+FFFD. Overlong forms and surrogates pass, as in the tokenizers that the vocabularies were published
/// with.
std::uint32_t next_code_point(std::string_view text, std::size_t& position);

void append_utf8(std::string& text, std::uint32_t code_point);

std::u32string to_code_points(std::string_view text);
std::string to_utf8(std::u32string_view code_points);

// Of valid UTF-8:
std::size_t count_code_points(std::string_view text);
/// The byte offset of code point `index` (the size of `text` when there are no more).
std::size_t byte_offset(std::string_view text, std::size_t index);

/// What is at the front of a byte stream.
struct Utf8Prefix {
  enum class State { valid, incomplete, invalid } state;
  std::size_t length;  ///< bytes of the character; of the longest broken sequence to replace by one U+FFFD
};
/// Looks at the front of non-empty `bytes` by the strict definition of UTF-8 (no overlong forms, no
/// surrogates).
Utf8Prefix strict_utf8_prefix(std::string_view bytes);
bool is_valid_utf8(std::string_view text);

}  // namespace realizar::text
