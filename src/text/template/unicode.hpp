#pragma once

#include <string>
#include <string_view>

namespace realizar::text::jinja {

/// The code point that starts at byte `position` of valid UTF-8; moves `position` behind it.
char32_t next_code_point(std::string_view text, std::size_t& position);

void append_code_point(std::string& text, char32_t c);

std::u32string to_code_points(std::string_view text);
std::string to_utf8(std::u32string_view code_points);

/// True when `text` is well-formed UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF).
bool is_valid_utf8(std::string_view text);

std::size_t count_code_points(std::string_view text);

/// The byte offset of code point `index` (the size of `text` when there are no more).
std::size_t byte_offset(std::string_view text, std::size_t index);

// The character properties that Python's str methods ask for.
bool is_space(char32_t c);
bool is_line_break(char32_t c);  ///< where str.splitlines breaks
bool is_alphabetic(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_alphanumeric(char32_t c);
bool is_printable(char32_t c);
bool is_lowercase(char32_t c);
bool is_uppercase(char32_t c);
bool is_cased(char32_t c);

// The case conversions of Python's str, with the full Unicode mappings and the final sigma.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);
std::string fold_case(std::string_view text);

}  // namespace realizar::text::jinja
