#include "text/template/text_search.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "text/template/operators.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

constexpr std::size_t short_needle = 32;

/// Knuth, Morris and Pratt: for long needles, where the library's search could take needle * text steps.
std::size_t find_long(std::string_view text, std::string_view needle, std::size_t from) {
  std::vector<std::size_t> border(needle.size(), 0);
  for (std::size_t i = 1, k = 0; i < needle.size(); ++i) {
    while (k > 0 && needle[i] != needle[k]) k = border[k - 1];
    border[i] = k += needle[i] == needle[k];
  }
  for (std::size_t i = from, k = 0; i < text.size(); ++i) {
    while (k > 0 && text[i] != needle[k]) k = border[k - 1];
    k += text[i] == needle[k];
    if (k == needle.size()) return i + 1 - k;
  }
  return std::string_view::npos;
}

}  // namespace

std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from) {
  if (needle.size() <= short_needle) {
    std::size_t at = text.find(needle, from);
    spend((std::min(at, text.size()) - std::min(from, text.size())) / 64);
    return at;
  }
  spend((text.size() - std::min(from, text.size()) + needle.size()) / 64);
  return find_long(text, needle, from);
}

std::size_t find_text_last(std::string_view text, std::string_view needle) {
  if (needle.size() <= short_needle) return spend(text.size() / 64), text.rfind(needle);
  std::string reversed(text.rbegin(), text.rend()), needle_reversed(needle.rbegin(), needle.rend());
  std::size_t at = find_text(reversed, needle_reversed);
  return at == std::string::npos ? at : text.size() - at - needle.size();
}

std::size_t count_text(std::string_view text, std::string_view needle) {
  if (needle.empty()) return count_code_points(text) + 1;
  std::size_t count = 0;
  for (std::size_t at = 0; (at = find_text(text, needle, at)) != std::string_view::npos; at += needle.size())
    ++count;
  return count;
}

std::string replace_text(std::string_view text, std::string_view needle, std::string_view with,
                         std::int64_t count) {
  std::size_t limit = count < 0 ? static_cast<std::size_t>(-1) : static_cast<std::size_t>(count);
  std::size_t found = std::min(limit, count_text(text, needle)), growth = 0;
  if (__builtin_mul_overflow(found, with.size(), &growth)) exceed("a replaced string is too large");
  require_room(text.size() + growth);
  std::string out;
  std::size_t position = 0;
  for (; found > 0; --found) {
    if (needle.empty()) {
      out += with;
      if (position == text.size()) break;
      std::size_t start = position;
      next_code_point(text, position);
      out += text.substr(start, position - start);
    } else {
      std::size_t at = find_text(text, needle, position);
      out += text.substr(position, at - position);
      out += with;
      position = at + needle.size();
    }
  }
  out += text.substr(std::min(position, text.size()));
  return out;
}

std::string escape_html(const Value& value) {
  std::string text = to_text(value);
  if (value.is_markup()) return text;
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_code_point(char32_t c) {
  char buffer[12];
  const char* form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer, sizeof buffer, form, static_cast<unsigned>(c));
  return buffer;
}

}  // namespace realizar::text::jinja
