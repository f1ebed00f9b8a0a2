#include "text/template/text_layout.hpp"

#include <algorithm>

#include "text/template/sandbox.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {

std::string strip_text(std::string_view text, const std::optional<std::string>& characters, StripSide side) {
  std::u32string set = characters ? to_code_points(*characters) : U"";
  std::sort(set.begin(), set.end());
  auto strips = [&](char32_t c) {
    return characters ? std::binary_search(set.begin(), set.end(), c) : is_space(c);
  };
  std::size_t start = 0, end = text.size();
  while (side != StripSide::right && start < end) {
    std::size_t next = start;
    if (!strips(next_code_point(text, next))) break;
    start = next;
  }
  while (side != StripSide::left && end > start) {
    std::size_t last = end - 1;
    while (last > start && (text[last] & 0xc0) == 0x80) --last;
    std::size_t next = last;
    if (!strips(next_code_point(text, next))) break;
    end = last;
  }
  return std::string(text.substr(start, end - start));
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    char32_t c = next_code_point(text, i);
    if (!is_line_break(c)) continue;
    if (c == '\r' && i < text.size() && text[i] == '\n') ++i;
    lines.emplace_back(text.substr(start, (keep_ends ? i : end) - start));
    start = i;
  }
  if (start < text.size()) lines.emplace_back(text.substr(start));
  return lines;
}

std::string pad_text(const std::string& text, std::int64_t width, char32_t fill, char alignment) {
  auto length = static_cast<std::int64_t>(count_code_points(text));
  if (width <= length) return text;
  auto missing = static_cast<std::size_t>(width - length);
  require_room(missing > (std::size_t{1} << 60) ? missing : missing * 4);
  std::string unit = to_utf8({&fill, 1}), out;
  // str.center puts the odd one on the left when the width is odd.
  std::size_t left = alignment == '<'   ? 0
                     : alignment == '>' ? missing
                                        : missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
  for (std::size_t i = 0; i < left; ++i) out += unit;
  out += text;
  for (std::size_t i = left; i < missing; ++i) out += unit;
  return out;
}

}  // namespace realizar::text::jinja
