#include "text/case_mapping.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "text/unicode.hpp"
#include "text/unicode_tables.hpp"

namespace realizar::text {
namespace {

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
  std::size_t before = i;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  std::size_t after = i + 1;
  while (after < text.size() && is_case_ignorable(text[after])) ++after;
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

std::uint32_t to_lower(std::uint32_t code_point) {
  std::u32string mapped;
  lower_mapping.append(mapped, code_point);
  return mapped[0];
}

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

}  // namespace realizar::text
