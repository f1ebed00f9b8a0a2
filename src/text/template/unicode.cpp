#include "text/template/unicode.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "text/template/unicode_tables.hpp"

namespace realizar::text::jinja {
namespace {

bool contains(std::span<const CodePointRange> ranges, char32_t c) {
  auto after =
      std::upper_bound(ranges.begin(), ranges.end(), c,
                       [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

struct CaseMapping {
  std::span<const CaseRun> runs;
  std::span<const CaseExpansion> expansions;

  void append(std::u32string& out, char32_t c) const {
    auto expansion = std::lower_bound(expansions.begin(), expansions.end(), c,
                                      [](const CaseExpansion& e, char32_t value) { return e.from < value; });
    if (expansion != expansions.end() && expansion->from == c) {
      for (char32_t to : expansion->to) {
        if (to != 0) out.push_back(to);
      }
      return;
    }
    // Runs of step 2 may interleave with a neighbour: look back over every run that could still hold c.
    auto run = std::upper_bound(runs.begin(), runs.end(), c,
                                [](char32_t value, const CaseRun& r) { return value < r.first; });
    for (int looked = 0; run != runs.begin() && looked < 3; ++looked) {
      --run;
      if (c <= run->last && (c - run->first) % run->step == 0) {
        out.push_back(static_cast<char32_t>(static_cast<std::int64_t>(c) + run->delta));
        return;
      }
    }
    out.push_back(c);
  }
};

const CaseMapping upper_mapping{upper_runs, upper_expansions};
const CaseMapping lower_mapping{lower_runs, lower_expansions};
const CaseMapping title_mapping{title_runs, title_expansions};
const CaseMapping fold_mapping{fold_runs, fold_expansions};

constexpr char32_t capital_sigma = 0x3a3, final_sigma = 0x3c2;

/// Lower case of text[i]: a capital sigma at the end of a word has a form of its own (Unicode 3.13,
/// Final_Sigma).
void append_lower(std::u32string& out, const std::u32string& text, std::size_t i) {
  if (text[i] != capital_sigma) return lower_mapping.append(out, text[i]);
  auto ignorable = [](char32_t c) { return contains(case_ignorable_ranges, c); };
  std::size_t before = i;
  while (before > 0 && ignorable(text[before - 1])) --before;
  std::size_t after = i + 1;
  while (after < text.size() && ignorable(text[after])) ++after;
  bool is_final = before > 0 && is_cased(text[before - 1]) && !(after < text.size() && is_cased(text[after]));
  if (is_final) return out.push_back(final_sigma);
  lower_mapping.append(out, capital_sigma);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

std::string map_all(std::string_view text, const CaseMapping& mapping) {
  std::u32string out;
  for (char32_t c : to_code_points(text)) mapping.append(out, c);
  return to_utf8(out);
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
  auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  char32_t first = byte(position);
  if (first < 0x80) return ++position, first;
  int extra = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  char32_t c = first & (0x3fu >> extra);
  for (int i = 1; i <= extra; ++i) c = (c << 6) | (byte(position + i) & 0x3f);
  position = std::min(position + extra + 1, text.size());
  return c;
}

void append_code_point(std::string& text, char32_t c) {
  auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
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
  for (char32_t c : code_points) append_code_point(out, c);
  return out;
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    std::size_t start = i;
    char32_t c = next_code_point(text, i);
    bool overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
    if (overlong || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff || i != start + length) return false;
  }
  return true;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::size_t byte_offset(std::string_view text, std::size_t index) {
  std::size_t position = 0;
  for (; index > 0 && position < text.size(); --index) {
    ++position;
    while (position < text.size() && (text[position] & 0xc0) == 0x80) ++position;
  }
  return position;
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_line_break(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_alphabetic(char32_t c) { return contains(alphabetic_ranges, c); }
bool is_decimal(char32_t c) { return contains(decimal_ranges, c); }
bool is_digit(char32_t c) { return contains(digit_ranges, c); }
bool is_numeric(char32_t c) { return contains(numeric_ranges, c); }
bool is_alphanumeric(char32_t c) { return is_alphabetic(c) || is_decimal(c) || is_digit(c) || is_numeric(c); }
bool is_printable(char32_t c) { return contains(printable_ranges, c); }
bool is_lowercase(char32_t c) { return contains(lowercase_ranges, c); }
bool is_uppercase(char32_t c) { return contains(uppercase_ranges, c); }
bool is_cased(char32_t c) { return contains(cased_ranges, c); }

std::string to_upper(std::string_view text) {
  if (!is_ascii(text)) return map_all(text, upper_mapping);
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string to_lower(std::string_view text) {
  std::string ascii(text);
  if (is_ascii(text)) {
    for (char& c : ascii) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return ascii;
  }
  std::u32string points = to_code_points(text), out;
  for (std::size_t i = 0; i < points.size(); ++i) append_lower(out, points, i);
  return to_utf8(out);
}

std::string to_title(std::string_view text) {
  std::u32string points = to_code_points(text), out;
  bool in_word = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (in_word) {
      append_lower(out, points, i);
    } else {
      title_mapping.append(out, points[i]);
    }
    in_word = is_cased(points[i]);
  }
  return to_utf8(out);
}

std::string capitalize(std::string_view text) {
  std::u32string points = to_code_points(text), out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == 0) {
      title_mapping.append(out, points[i]);
    } else {
      append_lower(out, points, i);
    }
  }
  return to_utf8(out);
}

std::string swap_case(std::string_view text) {
  std::u32string points = to_code_points(text), out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (is_uppercase(points[i])) {
      append_lower(out, points, i);
    } else if (is_lowercase(points[i])) {
      upper_mapping.append(out, points[i]);
    } else {
      out.push_back(points[i]);
    }
  }
  return to_utf8(out);
}

std::string fold_case(std::string_view text) { return map_all(text, fold_mapping); }

}  // namespace realizar::text::jinja
