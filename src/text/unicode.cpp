#include "text/unicode.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "text/unicode_tables.hpp"

namespace realizar::text {

namespace {

/// The last of the ascending `ranges` that starts at or before `code_point`, if it reaches that far.
template <class Range>
const Range* find_range(std::span<const Range> ranges, std::uint32_t code_point) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), code_point,
                       [](std::uint32_t value, const Range& range) { return value < range.first; });
  if (after == ranges.begin() || std::prev(after)->last < code_point) return nullptr;
  return &*std::prev(after);
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Category category(std::uint32_t code_point) {
  if (code_point > 0x10FFFF) return Category::other;
  const auto after = std::upper_bound(category_starts.begin(), category_starts.end(), code_point << 3 | 7u);
  return static_cast<Category>(*std::prev(after) & 7u);
}

bool is_whitespace(std::uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::uint32_t base_character(std::uint32_t code_point) {
  const BaseRange* range = find_range(base_ranges, code_point);
  return range == nullptr ? code_point : range->base;
}

bool is_space(std::uint32_t c) { return is_whitespace(c) || (c >= 0x1C && c <= 0x1F); }
bool is_line_break(std::uint32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}
bool is_alphabetic(std::uint32_t c) { return category(c) == Category::letter; }
bool is_decimal(std::uint32_t c) { return find_range(decimal_ranges, c) != nullptr; }
bool is_digit(std::uint32_t c) { return find_range(digit_ranges, c) != nullptr; }
bool is_numeric(std::uint32_t c) { return find_range(numeric_ranges, c) != nullptr; }
bool is_alphanumeric(std::uint32_t c) {
  return is_alphabetic(c) || is_decimal(c) || is_digit(c) || is_numeric(c);
}
bool is_printable(std::uint32_t c) {
  const Category found = category(c);
  return c == ' ' || (found != Category::other && found != Category::control);
}
bool is_lowercase(std::uint32_t c) { return find_range(lowercase_ranges, c) != nullptr; }
bool is_uppercase(std::uint32_t c) { return find_range(uppercase_ranges, c) != nullptr; }
bool is_cased(std::uint32_t c) { return find_range(cased_ranges, c) != nullptr; }
bool is_case_ignorable(std::uint32_t c) { return find_range(case_ignorable_ranges, c) != nullptr; }

std::size_t utf8_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::uint32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto first = static_cast<unsigned char>(text[position]);
  if (first < 0x80) {
    ++position;
    return first;
  }
  const std::size_t length = utf8_length(text[position]);
  std::uint32_t code_point = first & (0x7Fu >> length);
  bool good = first >= 0xC0 && first < 0xF8 && length <= text.size() - position;
  for (std::size_t i = 1; good && i < length; ++i) {
    good = is_continuation(text[position + i]);
    code_point = code_point << 6 | (static_cast<unsigned char>(text[position + i]) & 0x3Fu);
  }
  if (!good || code_point > 0x10FFFF) {
    ++position;
    return replacement_character;
  }
  position += length;
  return code_point;
}

void append_utf8(std::string& text, std::uint32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | c >> 6);
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | c >> 12);
    text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | c >> 18);
    text += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::u32string to_code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) out.push_back(next_code_point(text, i));
  return out;
}

std::string to_utf8(std::u32string_view code_points) {
  std::string out;
  out.reserve(code_points.size());
  for (const char32_t c : code_points) append_utf8(out, c);
  return out;
}

std::size_t count_code_points(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::size_t byte_offset(std::string_view text, std::size_t index) {
  std::size_t position = 0;
  for (; index > 0 && position < text.size(); --index) {
    ++position;
    while (position < text.size() && is_continuation(text[position])) ++position;
  }
  return position;
}

Utf8Prefix strict_utf8_prefix(std::string_view bytes) {
  using State = Utf8Prefix::State;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {State::valid, 1};
  if (first < 0xC2 || first > 0xF4) return {State::invalid, 1};
  const std::size_t length = utf8_length(bytes[0]);
  // The second byte is where overlong forms, surrogates and values above U+10FFFF show (Unicode, table 3-7).
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {State::incomplete, i};
    if (i == 1 ? at(i) < low || at(i) > high : !is_continuation(bytes[i])) return {State::invalid, i};
  }
  return {State::valid, length};
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Prefix front = strict_utf8_prefix(text);
    if (front.state != Utf8Prefix::State::valid) return false;
    text.remove_prefix(front.length);
  }
  return true;
}

}  // namespace realizar::text
