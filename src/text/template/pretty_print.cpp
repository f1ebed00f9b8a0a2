#include "text/template/pretty_print.hpp"

#include <algorithm>
#include <utility>

#include "text/template/operators.hpp"
#include "text/template/text_layout.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

constexpr std::int64_t width = 80;

std::int64_t columns(const std::string& text) { return static_cast<std::int64_t>(count_code_points(text)); }

/// Keys that cannot be compared are in the order of their types' names.
bool precedes(const Value& a, const Value& b) {
  const bool comparable = (a.is_number() && b.is_number()) || a.type_name() == b.type_name();
  if (!comparable) return a.type_name() < b.type_name();
  return (a.is_number() || a.is_string() || a.is_tuple()) && less(a, b);
}

/// Named tuples are printed as they are.
bool is_named(const Value& value) { return value.is_tuple() && !value.item_names().empty(); }

/// The value with the entries of every dict in it sorted by key.
Value sorted(const Value& value) {
  if (value.is_dict()) {
    std::vector<Dict::Entry> entries = value.dict().entries();
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return precedes(a.first, b.first); });
    for (Dict::Entry& entry : entries) entry.second = sorted(entry.second);
    return make_dict(std::move(entries));
  }
  if (!value.is_sequence() || is_named(value)) return value;
  std::vector<Value> items;
  for (const Value& item : value.items()) items.push_back(sorted(item));
  return value.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

/// Words, each with the white space behind it.
std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  bool in_space = false;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t at = i;
    const bool space = is_space(next_code_point(line, i));
    if (in_space && !space) {
      parts.push_back(line.substr(start, at - start));
      start = at;
    }
    in_space = space;
  }
  parts.push_back(line.substr(start));
  return parts;
}

/// Python's PrettyPrinter; `indent` is the column a value begins at, `allowance` the columns that what
/// follows on its last line takes.
class Printer {
 public:
  void format(const Value& value, std::int64_t indent, std::int64_t allowance, int level) {
    const std::string text = repr(value);
    if (columns(text) > width - indent - allowance) {
      if (value.is_dict() && value.dict().size() > 0) return format_dict(value, indent, allowance, level + 1);
      if (value.is_list()) return format_items(value, '[', "]", indent, allowance, level + 1);
      if (value.is_tuple() && !is_named(value))
        return format_items(value, '(', value.items().size() == 1 ? ",)" : ")", indent, allowance, level + 1);
      if (value.is_string() && !value.is_markup()) return format_text(value, indent, allowance, level + 1);
    }
    out += text;
  }

  std::string out;

 private:
  void new_line(std::int64_t indent) {
    out += '\n';
    out.append(static_cast<std::size_t>(indent), ' ');
    require_room(out.size());
  }

  void format_dict(const Value& value, std::int64_t indent, std::int64_t allowance, int level) {
    out += '{';
    const std::vector<Dict::Entry>& entries = value.dict().entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += ',', new_line(indent + 1);
      const std::string key = repr(entries[i].first) + ": ";
      out += key;
      const bool last = i + 1 == entries.size();
      format(entries[i].second, indent + 1 + columns(key), last ? allowance + 1 : 1, level);
    }
    out += '}';
  }

  void format_items(const Value& value, char open, const std::string& close, std::int64_t indent,
                    std::int64_t allowance, int level) {
    out += open;
    const std::vector<Value>& items = value.items();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',', new_line(indent + 1);
      const bool last = i + 1 == items.size();
      format(items[i], indent + 1, last ? allowance + static_cast<std::int64_t>(close.size()) : 1, level);
    }
    out += close;
  }

  /// As literals below each other, broken at line ends and between words; in parentheses when alone.
  void format_text(const Value& value, std::int64_t indent, std::int64_t allowance, int level) {
    const bool alone = level == 1;
    indent += alone, allowance += alone;
    const std::int64_t room = width - indent;
    std::vector<std::string> chunks;
    const std::vector<std::string> lines = split_lines(value.text(), /*keep_ends=*/true);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool last_line = i + 1 == lines.size();
      const auto fits = [&](const std::string& text, bool last) {
        return columns(repr(Value(text))) <= room - (last ? allowance : 0);
      };
      std::string chunk;
      const std::vector<std::string> parts =
          fits(lines[i], last_line) ? std::vector{lines[i]} : words(lines[i]);
      for (std::size_t j = 0; j < parts.size(); ++j) {
        if (!chunk.empty() && !fits(chunk + parts[j], last_line && j + 1 == parts.size()))
          chunks.push_back(repr(Value(std::exchange(chunk, ""))));
        chunk += parts[j];
      }
      if (!chunk.empty()) chunks.push_back(repr(Value(chunk)));
    }
    const bool in_parentheses = alone && chunks.size() > 1;
    if (in_parentheses) out += '(';
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (i > 0) new_line(indent);
      out += chunks[i];
    }
    if (in_parentheses) out += ')';
  }
};

}  // namespace

std::string pretty_print(const Value& value) {
  Printer printer;
  printer.format(sorted(value), 0, 0, 0);
  return std::move(printer.out);
}

}  // namespace realizar::text::jinja
