#include "text/collapsed_pattern.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

namespace {

constexpr std::size_t max_sets = 4;  // as many bits as are left between 0x80 and the category
constexpr std::uint8_t any_whitespace = '\v';

struct NamedClass {
  char name;
  Category category;
  const char* ascii;  // the members in ASCII, as they stand in brackets
};

constexpr NamedClass classes[] = {
    {'N', Category::number, "0-9"},
    {'L', Category::letter, "A-Za-z"},
    {'P', Category::punctuation, "!-#%-*,-/:;?@\\[-\\]_\\{\\}"},
    {'M', Category::mark, ""},
    {'S', Category::symbol, "\\$\\+<->\\^`\\|~"},
};

void append_byte(std::string& to, unsigned byte) {
  constexpr char hex[] = "0123456789ABCDEF";
  to += "\\x";
  to += hex[byte >> 4];
  to += hex[byte & 15];
}

/// Reads "x{HEX}" behind a backslash at `position`.
std::uint32_t read_code_point(std::string_view pattern, std::size_t& position) {
  std::uint32_t value = 0;
  for (position += 2; pattern[position] != '}'; ++position) {
    const char c = pattern[position];
    value = value << 4 | static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'A' + 10);
  }
  ++position;
  return value;
}

}  // namespace

CollapsedPattern::CollapsedPattern(std::string_view pattern) {
  find_sets(pattern);
  bool inside = false;   // brackets
  bool has_set = false;  // the brackets name code points of their own
  std::size_t next_set = 0;
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\' && pattern.substr(i + 1, 2) == "p{") {
      const std::string_view name = pattern.substr(i + 3, pattern.find('}', i) - i - 3);
      if (!inside) bytes_ += '[';
      append_class(name[0], !name.ends_with(">7F"));
      if (!inside) bytes_ += ']';
      i += 4 + name.size();
    } else if (inside && pattern[i] == '\\' && pattern.substr(i + 1, 2) == "x{") {
      read_code_point(pattern, ++i);
      if (pattern.substr(i, 4) == "-\\x{") i += 2, read_code_point(pattern, i);
      has_set = true;
    } else if (pattern[i] == '\\') {
      bytes_ += pattern.substr(i, 2);
      i += 2;
    } else {
      if (inside && pattern[i] == ']') {
        if (has_set) append_bytes_of_set(next_set++);
        inside = has_set = false;
      } else if (pattern[i] == '[') {
        inside = true;
      }
      bytes_ += pattern[i++];
    }
  }
}

void CollapsedPattern::find_sets(std::string_view pattern) {
  bool open = true;  // the next code point begins a set
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\' && pattern.substr(i + 1, 2) == "x{") {
      const std::uint32_t first = read_code_point(pattern, ++i);
      std::uint32_t last = first;
      if (pattern.substr(i, 4) == "-\\x{") i += 2, last = read_code_point(pattern, i);
      if (open) sets_.emplace_back();
      open = false;
      sets_.back().push_back({first, last});
    } else if (pattern[i] == '\\') {
      i += 2;
    } else if (pattern[i++] == ']') {
      open = true;
    }
  }
  require(sets_.size() <= max_sets, ErrorKind::internal, "a pattern has more than ", max_sets,
          " character sets");
}

void CollapsedPattern::append_class(char name, bool with_ascii) {
  const NamedClass* found = std::find_if(std::begin(classes), std::end(classes),
                                         [&](const NamedClass& c) { return c.name == name; });
  require(found != std::end(classes), ErrorKind::internal, "a pattern names the class ", name);
  if (with_ascii) bytes_ += found->ascii;
  for (unsigned mask = 0; mask < set_masks(); ++mask)
    append_byte(bytes_, 0x80 | mask << 3 | static_cast<unsigned>(found->category));
}

void CollapsedPattern::append_bytes_of_set(std::size_t set) {
  for (unsigned mask = 0; mask < set_masks(); ++mask) {
    if ((mask >> set & 1) == 0) continue;
    append_byte(bytes_, 0x80 | mask << 3);
    bytes_ += '-';
    append_byte(bytes_, 0x80 | mask << 3 | 7);
  }
}

std::uint8_t CollapsedPattern::collapse(std::uint32_t code_point) const {
  if (code_point < 0x80) return static_cast<std::uint8_t>(code_point);
  if (is_whitespace(code_point)) return any_whitespace;
  unsigned mask = 0;
  for (std::size_t set = 0; set < sets_.size(); ++set)
    for (const Range& range : sets_[set])
      if (range.first <= code_point && code_point <= range.last) mask |= 1u << set;
  return static_cast<std::uint8_t>(0x80 | mask << 3 | static_cast<unsigned>(category(code_point)));
}

}  // namespace realizar::text
