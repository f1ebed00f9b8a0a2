#include <utility>

#include "text/case_mapping.hpp"
#include "text/template/arguments.hpp"
#include "text/template/filters/tables.hpp"
#include "text/template/json.hpp"
#include "text/template/pretty_print.hpp"
#include "text/template/text_layout.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

template <std::string (*convert)(std::string_view)>
Value convert_case(Interpreter&, Arguments& a) {
  BoundArguments bound("case", a, {"s"});
  std::string text = convert(to_text(bound.get(0)));
  return bound.get(0).is_markup() ? Value::markup(std::move(text)) : Value(std::move(text));
}

Value center(Interpreter&, Arguments& a) {
  BoundArguments bound("center", a, {"value", "width="});
  return pad_text(to_text(bound.get(0)), bound.integer(1, 80), U' ', '^');
}

Value format(Interpreter&, Arguments& a) {
  if (a.positional.empty()) raise("format needs a value");
  if (a.positional.size() > 1 && !a.keyword.empty())
    raise("can't handle positional and keyword arguments at the same time");
  Value text(to_text(a.positional[0]));
  std::vector<Dict::Entry> entries;
  for (const auto& [name, value] : a.keyword) entries.emplace_back(Value(name), value);
  if (!entries.empty()) return apply(BinaryOperator::modulo, text, make_dict(std::move(entries)));
  return apply(BinaryOperator::modulo, text, Value::tuple({a.positional.begin() + 1, a.positional.end()}));
}

Value indent(Interpreter&, Arguments& a) {
  BoundArguments bound("indent", a, {"s", "width=", "first=", "blank="});
  Value width = bound.get(1, Value(4));
  std::string space = width.is_string() ? width.text() : pad_text("", bound.integer(1, 4), U' ', '<');
  if (!bound.get(0).is_string()) raise("indent needs a string, not ", bound.get(0).type_name());
  std::string out = bound.boolean(2) ? space : "";
  std::vector<std::string> lines = split_lines(bound.get(0).text() + "\n");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += bound.boolean(3) || !lines[i].empty() ? "\n" + space : "\n";
    out += lines[i];
    require_room(out.size());
  }
  return out;
}

Value pprint(Interpreter&, Arguments& a) {
  return pretty_print(BoundArguments("pprint", a, {"value"}).get(0));
}

Value replace(Interpreter&, Arguments& a) {
  BoundArguments bound("replace", a, {"s", "old", "new", "count="});
  std::int64_t count = bound.is_none(3) ? -1 : bound.integer(3, -1);
  return replace_text(to_text(bound.get(0)), to_text(bound.get(1)), to_text(bound.get(2)), count);
}

Value string(Interpreter&, Arguments& a) {
  Value value = BoundArguments("string", a, {"s"}).get(0);
  return value.is_string() ? value : Value(to_text(value));
}

Value title(Interpreter&, Arguments& a) {
  std::u32string points = to_code_points(to_text(BoundArguments("title", a, {"s"}).get(0)));
  std::string out, word;
  auto flush = [&] {
    std::size_t end = 0;
    if (!word.empty()) next_code_point(word, end);
    out += to_upper(word.substr(0, end)) + to_lower(word.substr(end));
    word.clear();
  };
  for (char32_t c : points) {
    bool separates = c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || is_space(c);
    if (separates) flush();
    append_utf8(separates ? out : word, c);
  }
  flush();
  return out;
}

Value tojson(Interpreter&, Arguments& a) {
  BoundArguments bound("tojson", a, {"x", "ensure_ascii=", "indent=", "separators=", "sort_keys="});
  JsonStyle style;
  style.ascii_only = bound.boolean(1);
  style.sort_keys = bound.boolean(4);
  if (!bound.is_none(2)) {
    style.multiline = true;
    style.indent = bound.get(2).is_string() ? bound.text(2) : pad_text("", bound.integer(2, 0), U' ', '<');
    style.item_separator = ",";
  }
  if (!bound.is_none(3)) {
    std::vector<Value> separators = to_vector(bound.get(3));
    if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string())
      raise("separators must be two strings");
    style.item_separator = separators[0].text(), style.key_separator = separators[1].text();
  }
  return to_json(bound.get(0), style);
}

Value trim(Interpreter&, Arguments& a) {
  BoundArguments bound("trim", a, {"value", "chars="});
  return strip_text(to_text(bound.get(0)), bound.is_none(1) ? std::nullopt : std::optional(bound.text(1)),
                    StripSide::both);
}

Value truncate(Interpreter&, Arguments& a) {
  BoundArguments bound("truncate", a, {"s", "length=", "killwords=", "end=", "leeway="});
  Value text = bound.get(0), end = bound.get(3, Value("..."));
  auto size = length_of(text);
  if (!size || !end.is_string()) raise("truncate needs strings");
  std::int64_t length = bound.integer(1, 255), leeway = bound.is_none(4) ? 5 : bound.integer(4, 5);
  auto end_length = static_cast<std::int64_t>(end.text_length());
  if (length < end_length) raise("expected length >= ", end_length, ", got ", length);
  if (leeway < 0) raise("expected leeway >= 0, got ", leeway);
  if (*size <= length + leeway) return text;
  if (!text.is_string()) raise("truncate needs a string, not ", text.type_name());
  std::string kept =
      text.text().substr(0, byte_offset(text.text(), static_cast<std::size_t>(length - end_length)));
  if (!bound.boolean(2)) kept = kept.substr(0, kept.rfind(' '));
  return kept + end.text();
}

Value wordcount(Interpreter&, Arguments& a) {
  std::int64_t count = 0;
  bool inside = false;
  for (char32_t c : to_code_points(to_text(BoundArguments("wordcount", a, {"s"}).get(0)))) {
    bool word = c == '_' || is_alphanumeric(c);
    count += word && !inside;
    inside = word;
  }
  return count;
}

}  // namespace

std::span<const NamedFilter> text_filters() {
  static const NamedFilter filters[] = {{"capitalize", convert_case<capitalize>},
                                        {"center", center},
                                        {"format", format},
                                        {"indent", indent},
                                        {"lower", convert_case<to_lower>},
                                        {"pprint", pprint},
                                        {"replace", replace},
                                        {"string", string},
                                        {"title", title},
                                        {"tojson", tojson},
                                        {"trim", trim},
                                        {"truncate", truncate},
                                        {"upper", convert_case<to_upper>},
                                        {"wordcount", wordcount}};
  return filters;
}

}  // namespace realizar::text::jinja
