#include "text/unicode.hpp"

#include <algorithm>

#include "text/unicode_tables.hpp"

namespace realizar::text {

namespace {

/// The last of the ascending `ranges` that starts at or before `code_point`, or null.
template <class Range>
const Range* find_range(const Range* ranges, std::size_t size, std::uint32_t code_point) {
  const Range* after =
      std::upper_bound(ranges, ranges + size, code_point,
                       [](std::uint32_t value, const Range& range) { return value < range.first; });
  if (after == ranges || (after - 1)->last < code_point) return nullptr;
  return after - 1;
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Category category(std::uint32_t code_point) {
  if (code_point > 0x10FFFF) return Category::other;
  const std::uint32_t* after =
      std::upper_bound(category_ranges, category_ranges + category_ranges_size, code_point << 3 | 7u);
  return static_cast<Category>(*(after - 1) & 7u);
}

bool is_whitespace(std::uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::uint32_t to_lower(std::uint32_t code_point) {
  const LowercaseRange* range = find_range(lowercase_ranges, lowercase_ranges_size, code_point);
  if (range == nullptr || (code_point - range->first) % static_cast<std::uint32_t>(range->step) != 0)
    return code_point;
  return code_point + static_cast<std::uint32_t>(range->delta);
}

std::uint32_t base_character(std::uint32_t code_point) {
  const BaseRange* range = find_range(base_ranges, base_ranges_size, code_point);
  return range == nullptr ? code_point : range->base;
}

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

}  // namespace realizar::text
