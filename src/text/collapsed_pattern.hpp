#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace realizar::text {

/// A pattern over Unicode text rewritten as one over bytes, one byte a code point.
///
/// A pre-tokenizer's pattern sees no more of a character above U+007F than whether it is white space, its
/// general category and which of the pattern's own character sets hold it. So each code point becomes one
/// byte: ASCII stays, white space is a vertical tab, and all else is 0x80 | sets << 3 | category, a bit for
/// each set. Matching bytes is fast, needs no library's Unicode tables, and every set and category is a list
/// of bytes.
///
/// In a pattern, `\p{N}`, `\p{L}`, `\p{P}`, `\p{M}` and `\p{S}` are the categories, `\p{Lu}` and the like are
/// taken as `\p{L}`, `\p{L>7F}` leaves ASCII out, and `\x{...}` in brackets adds to the bracket's own set.
class CollapsedPattern {
 public:
  explicit CollapsedPattern(std::string_view pattern);

  const std::string& bytes() const { return bytes_; }
  std::uint8_t collapse(std::uint32_t code_point) const;

 private:
  struct Range {
    std::uint32_t first, last;
  };

  void find_sets(std::string_view pattern);
  void append_class(char name, bool with_ascii);
  void append_bytes_of_set(std::size_t set);
  unsigned set_masks() const { return 1u << sets_.size(); }

  std::string bytes_;
  std::vector<std::vector<Range>> sets_;
};

}  // namespace realizar::text
