#include <algorithm>

#include "text/case_mapping.hpp"
#include "text/template/arguments.hpp"
#include "text/template/format.hpp"
#include "text/template/method_table.hpp"
#include "text/template/text_layout.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

/// The byte range of text[start:end] for the optional bounds that find, count and startswith take.
std::optional<std::pair<std::size_t, std::size_t>> byte_range(const Value& self, const BoundArguments& bound,
                                                              std::size_t i) {
  auto size = static_cast<std::int64_t>(self.text_length());
  auto clamp = [&](std::size_t index, std::int64_t missing) {
    std::int64_t at = bound.is_none(index) ? missing : bound.integer(index, missing);
    if (at < 0) at = std::max<std::int64_t>(at < -size ? -size : at, -size) + size;
    return at;
  };
  std::int64_t start = clamp(i, 0), end = std::min(clamp(i + 1, size), size);
  if (start > end) return std::nullopt;
  return std::pair(byte_offset(self.text(), static_cast<std::size_t>(start)),
                   byte_offset(self.text(), static_cast<std::size_t>(end)));
}

template <bool from_end, bool fails>
Value find(const Value& self, const Arguments& arguments) {
  BoundArguments bound("find", arguments, {"/sub", "/start=", "/end="});
  const std::string& needle = bound.text(0);
  std::size_t at = std::string::npos;
  if (auto range = byte_range(self, bound, 1)) {
    std::string_view part = std::string_view(self.text()).substr(range->first, range->second - range->first);
    at = from_end ? find_text_last(part, needle) : find_text(part, needle);
    if (at != std::string::npos) at += range->first;
  }
  if (at != std::string::npos)
    return static_cast<std::int64_t>(count_code_points(std::string_view(self.text()).substr(0, at)));
  if (fails) raise("substring not found");
  return -1;
}

template <bool at_end>
Value starts_or_ends(const Value& self, const Arguments& arguments) {
  const char* name = at_end ? "endswith" : "startswith";
  BoundArguments bound(name, arguments, {"/affix", "/start=", "/end="});
  auto range = byte_range(self, bound, 1);
  std::vector<Value> affixes{bound.get(0)};
  if (bound.get(0).is_tuple()) affixes = bound.get(0).items();
  for (const Value& affix : affixes) {
    if (!affix.is_string()) raise(name, " first arg must be str or a tuple of str, not ", affix.type_name());
    if (!range) continue;
    std::string_view part = std::string_view(self.text()).substr(range->first, range->second - range->first);
    if (at_end ? part.ends_with(affix.text()) : part.starts_with(affix.text())) return true;
  }
  return false;
}

template <StripSide side>
Value strip(const Value& self, const Arguments& arguments) {
  BoundArguments bound("strip", arguments, {"/chars="});
  return strip_text(self.text(), bound.is_none(0) ? std::nullopt : std::optional(bound.text(0)), side);
}

Value texts(const std::vector<std::string>& parts) { return Value::list({parts.begin(), parts.end()}); }

std::vector<std::string> split_space(std::string_view text, std::int64_t limit, bool from_end) {
  std::vector<std::string> parts;
  std::u32string points = to_code_points(text);
  if (from_end) std::reverse(points.begin(), points.end());
  for (std::size_t i = 0;;) {
    while (i < points.size() && is_space(points[i])) ++i;
    if (i == points.size()) break;
    std::size_t end = i;
    if (limit-- == 0) {
      end = points.size();
      while (is_space(points[end - 1])) --end;
    } else {
      while (end < points.size() && !is_space(points[end])) ++end;
    }
    std::u32string part = points.substr(i, end - i);
    if (from_end) std::reverse(part.begin(), part.end());
    parts.push_back(to_utf8(part));
    i = end;
    if (limit < 0) break;
  }
  if (from_end) std::reverse(parts.begin(), parts.end());
  return parts;
}

template <bool from_end>
Value split(const Value& self, const Arguments& arguments) {
  BoundArguments bound("split", arguments, {"sep=", "maxsplit="});
  std::int64_t limit = bound.integer(1, -1);
  if (limit < 0) limit = static_cast<std::int64_t>(self.text().size()) + 1;
  spend(self.text().size() / 16);
  if (bound.is_none(0)) return texts(split_space(self.text(), limit, from_end));
  const std::string &text = self.text(), &separator = bound.text(0);
  if (separator.empty()) raise("empty separator");
  std::vector<std::string> parts;
  if (!from_end) {
    std::size_t start = 0;
    for (; limit > 0; --limit) {
      std::size_t at = find_text(text, separator, start);
      if (at == std::string::npos) break;
      parts.push_back(text.substr(start, at - start));
      start = at + separator.size();
    }
    parts.push_back(text.substr(start));
  } else {
    std::size_t end = text.size();
    for (; limit > 0; --limit) {
      std::size_t at = end < separator.size()
                           ? std::string::npos
                           : find_text_last(std::string_view(text).substr(0, end), separator);
      if (at == std::string::npos) break;
      parts.push_back(text.substr(at + separator.size(), end - at - separator.size()));
      end = at;
    }
    parts.push_back(text.substr(0, end));
    std::reverse(parts.begin(), parts.end());
  }
  return texts(parts);
}

template <bool from_end>
Value partition(const Value& self, const Arguments& arguments) {
  BoundArguments bound("partition", arguments, {"/sep"});
  const std::string &text = self.text(), &separator = bound.text(0);
  if (separator.empty()) raise("empty separator");
  std::size_t at = from_end ? find_text_last(text, separator) : find_text(text, separator);
  if (at == std::string::npos) return from_end ? Value::tuple({"", "", text}) : Value::tuple({text, "", ""});
  return Value::tuple({text.substr(0, at), separator, text.substr(at + separator.size())});
}

template <char alignment>
Value justify(const Value& self, const Arguments& arguments) {
  BoundArguments bound("center", arguments, {"/width", "/fillchar="});
  std::u32string fill = bound.has(1) ? to_code_points(bound.text(1)) : U" ";
  if (fill.size() != 1) raise("the fill character must be exactly one character long");
  return pad_text(self.text(), bound.integer(0, 0), fill[0], alignment);
}

template <std::string (*convert)(std::string_view)>
Value convert_case(const Value& self, const Arguments& arguments) {
  BoundArguments bound("case", arguments, {});
  std::string text = convert(self.text());
  return self.is_markup() ? Value::markup(std::move(text)) : Value(std::move(text));
}

template <bool (*holds)(std::uint32_t)>
Value all_characters(const Value& self, const Arguments& arguments) {
  BoundArguments bound("is", arguments, {});
  std::u32string points = to_code_points(self.text());
  return !points.empty() && std::all_of(points.begin(), points.end(), holds);
}

bool is_ascii_code_point(std::uint32_t c) { return c < 0x80; }

template <bool (*wanted)(std::uint32_t)>
Value is_case(const Value& self, const Arguments& arguments) {
  BoundArguments bound("is", arguments, {});
  bool any = false;
  for (char32_t c : to_code_points(self.text())) {
    if (is_cased(c) && !wanted(c)) return false;
    any = any || wanted(c);
  }
  return any;
}

Value is_title(const Value& self, const Arguments&) {
  bool in_word = false, any = false;
  for (char32_t c : to_code_points(self.text())) {
    if (is_cased(c)) {
      if (in_word == !is_lowercase(c)) return false;
      any = true;
    }
    in_word = is_cased(c);
  }
  return any;
}

Value is_identifier(const Value& self, const Arguments&) {
  std::u32string points = to_code_points(self.text());
  if (points.empty() || is_numeric(points[0])) return false;
  return std::all_of(points.begin(), points.end(), [](char32_t c) { return c == '_' || is_alphanumeric(c); });
}

Value join(const Value& self, const Arguments& arguments) {
  BoundArguments bound("join", arguments, {"/iterable"});
  std::string out;
  std::size_t i = 0;
  for (const Value& item : to_vector(bound.get(0))) {
    if (!item.is_string())
      raise("sequence item ", i, ": expected str instance, ", item.type_name(), " found");
    if (i++ > 0) out += self.text();
    out += item.text();
    require_room(out.size());
  }
  return out;
}

Value replace(const Value& self, const Arguments& arguments) {
  BoundArguments bound("replace", arguments, {"/old", "/new", "/count="});
  return replace_text(self.text(), bound.text(0), bound.text(1), bound.integer(2, -1));
}

Value count(const Value& self, const Arguments& arguments) {
  BoundArguments bound("count", arguments, {"/sub", "/start=", "/end="});
  auto range = byte_range(self, bound, 1);
  if (!range) return 0;
  std::string_view part = std::string_view(self.text()).substr(range->first, range->second - range->first);
  return static_cast<std::int64_t>(count_text(part, bound.text(0)));
}

Value splitlines(const Value& self, const Arguments& arguments) {
  BoundArguments bound("splitlines", arguments, {"keepends="});
  return texts(split_lines(self.text(), bound.boolean(0)));
}

template <bool suffix>
Value remove_affix(const Value& self, const Arguments& arguments) {
  BoundArguments bound("removeprefix", arguments, {"/affix"});
  const std::string &text = self.text(), &affix = bound.text(0);
  if (suffix) return text.ends_with(affix) ? text.substr(0, text.size() - affix.size()) : text;
  return text.starts_with(affix) ? text.substr(affix.size()) : text;
}

Value zfill(const Value& self, const Arguments& arguments) {
  BoundArguments bound("zfill", arguments, {"/width"});
  std::string text = self.text();
  bool sign = text.starts_with('+') || text.starts_with('-');
  std::string padded = pad_text(text.substr(sign), bound.integer(0, 0) - sign, U'0', '>');
  return sign ? text.substr(0, 1) + padded : padded;
}

Value expand_tabs(const Value& self, const Arguments& arguments) {
  BoundArguments bound("expandtabs", arguments, {"tabsize="});
  std::int64_t size = bound.integer(0, 8), column = 0;
  std::string out;
  for (char c : self.text()) {
    if (c == '\t') {
      std::int64_t spaces = size > 0 ? size - column % size : 0;
      require_room(out.size() + static_cast<std::size_t>(spaces));
      out.append(static_cast<std::size_t>(spaces), ' ');
      column += spaces;
    } else {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + ((c & 0xc0) != 0x80);
    }
  }
  return out;
}

Value format_text(const Value& self, const Arguments& arguments) {
  return brace_format(self.text(), arguments);
}

Value format_map(const Value& self, const Arguments& arguments) {
  BoundArguments bound("format_map", arguments, {"/mapping"});
  Arguments keywords;
  if (!bound.get(0).is_dict()) raise("format_map() needs a mapping");
  for (const auto& [key, value] : bound.get(0).dict().entries()) {
    if (key.is_string()) keywords.keyword.emplace_back(key.text(), value);
  }
  return brace_format(self.text(), keywords);
}

}  // namespace

const Methods text_methods = {
    {"capitalize", convert_case<capitalize>},
    {"casefold", convert_case<fold_case>},
    {"center", justify<'^'>},
    {"count", count},
    {"encode", unsupported_method},
    {"endswith", starts_or_ends<true>},
    {"expandtabs", expand_tabs},
    {"find", find<false, false>},
    {"format", format_text},
    {"format_map", format_map},
    {"index", find<false, true>},
    {"isalnum", all_characters<is_alphanumeric>},
    {"isalpha", all_characters<is_alphabetic>},
    {"isascii",
     [](const Value& self, const Arguments& a) {
       return Value(self.text().empty() || truth(all_characters<is_ascii_code_point>(self, a)));
     }},
    {"isdecimal", all_characters<is_decimal>},
    {"isdigit", all_characters<is_digit>},
    {"isidentifier", is_identifier},
    {"islower", is_case<is_lowercase>},
    {"isnumeric", all_characters<is_numeric>},
    {"isprintable",
     [](const Value& self, const Arguments& a) {
       return Value(self.text().empty() || truth(all_characters<is_printable>(self, a)));
     }},
    {"isspace", all_characters<is_space>},
    {"istitle", is_title},
    {"isupper", is_case<is_uppercase>},
    {"join", join},
    {"ljust", justify<'<'>},
    {"lower", convert_case<to_lower>},
    {"lstrip", strip<StripSide::left>},
    {"maketrans", unsupported_method},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<false>},
    {"removesuffix", remove_affix<true>},
    {"replace", replace},
    {"rfind", find<true, false>},
    {"rindex", find<true, true>},
    {"rjust", justify<'>'>},
    {"rpartition", partition<true>},
    {"rsplit", split<true>},
    {"rstrip", strip<StripSide::right>},
    {"split", split<false>},
    {"splitlines", splitlines},
    {"startswith", starts_or_ends<false>},
    {"strip", strip<StripSide::both>},
    {"swapcase", convert_case<swap_case>},
    {"title", convert_case<to_title>},
    {"translate", unsupported_method},
    {"upper", convert_case<to_upper>},
    {"zfill", zfill}};

}  // namespace realizar::text::jinja
