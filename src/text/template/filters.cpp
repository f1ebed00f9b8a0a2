#include <algorithm>
#include <cmath>
#include <map>

#include "text/case_mapping.hpp"
#include "text/template/arguments.hpp"
#include "text/template/builtins.hpp"
#include "text/template/interpreter.hpp"
#include "text/template/json.hpp"
#include "text/template/methods.hpp"
#include "text/template/numbers.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

/// What `attribute=` arguments name: the members to follow one after another.
class AttributePath {
 public:
  explicit AttributePath(const Value& attribute, std::optional<Value> otherwise = std::nullopt)
      : otherwise_(std::move(otherwise)) {
    if (attribute.is_none()) return;
    if (!attribute.is_string()) {
      parts_.push_back(attribute);
      return;
    }
    std::string_view text = attribute.text();
    while (true) {
      std::size_t dot = text.find('.');
      std::string part(text.substr(0, dot));
      bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
      auto index = digits ? parse_integer(part, 10) : std::nullopt;
      parts_.push_back(index ? Value(*index) : Value(part));
      if (dot == std::string_view::npos) return;
      text.remove_prefix(dot + 1);
    }
  }

  Value operator()(Value item) const {
    for (const Value& part : parts_) {
      item = get_item(item, part);
      if (item.is_undefined() && otherwise_) item = *otherwise_;
    }
    return item;
  }

 private:
  std::vector<Value> parts_;
  std::optional<Value> otherwise_;
};

Value ignore_case(const Value& value) { return value.is_string() ? Value(to_lower(value.text())) : value; }

/// A stable sort that fails where the comparison of two keys does.
std::vector<Value> sorted(const std::vector<Value>& items, const std::vector<Value>& keys, bool reverse) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return reverse ? less(keys[b], keys[a]) : less(keys[a], keys[b]);
  });
  std::vector<Value> out;
  for (std::size_t i : order) out.push_back(items[i]);
  return out;
}

Value abs_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("abs", a, {"/x"});
  Value x = bound.get(0);
  if (!x.is_number()) raise("bad operand type for abs(): '", x.type_name(), "'");
  if (x.is_float()) return std::fabs(x.number());
  return x.integer() < 0 ? negate(x) : Value(x.integer());
}

Value attr(Interpreter&, Arguments& a) {
  BoundArguments bound("attr", a, {"obj", "name"});
  if (bound.get(0).is_undefined()) raise(bound.get(0).undefined_message());
  auto own = own_attribute(bound.get(0), bound.text(1));
  return own ? *own : Value::undefined("no attribute '" + bound.text(1) + "'");
}

Value batch(Interpreter&, Arguments& a) {
  BoundArguments bound("batch", a, {"value", "linecount", "fill_with="});
  auto items = std::shared_ptr<Iterator>(iterate(bound.get(0)));
  std::int64_t count = bound.integer(1, 0);
  Value fill = bound.get(2);
  auto ended = std::make_shared<bool>(false);
  auto waiting = std::make_shared<std::optional<Value>>();
  return make_generator(
      [=]() -> std::optional<Value> {
        if (*ended) return std::nullopt;
        std::vector<Value> row;
        if (*waiting) row.push_back(*std::exchange(*waiting, std::nullopt));
        while (auto item = items->next()) {
          if (static_cast<std::int64_t>(row.size()) == count) {
            *waiting = item;
            return Value::list(std::move(row));
          }
          row.push_back(*item);
        }
        *ended = true;
        if (row.empty()) return std::nullopt;
        std::int64_t missing = count - static_cast<std::int64_t>(row.size());
        if (!fill.is_none() && missing > 0) {
          require_room(static_cast<std::size_t>(std::min<std::int64_t>(missing, std::int64_t{1} << 40)) *
                       sizeof(Value));
          row.insert(row.end(), static_cast<std::size_t>(missing), fill);
        }
        return Value::list(std::move(row));
      },
      bound.get(0).depth());
}

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

Value default_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("default", a, {"value", "default_value=", "boolean="});
  Value value = bound.get(0);
  return value.is_undefined() || (bound.boolean(2) && !truth(value)) ? bound.get(1, Value("")) : value;
}

Value dictsort(Interpreter&, Arguments& a) {
  BoundArguments bound("dictsort", a, {"value", "case_sensitive=", "by=", "reverse="});
  if (!bound.get(0).is_dict()) raise("dictsort needs a dict, not ", bound.get(0).type_name());
  Value by = bound.get(2, Value("key"));
  if (!by.is_string() || (by.text() != "key" && by.text() != "value"))
    raise("you can only sort by either \"key\" or \"value\"");
  std::vector<Value> items, keys;
  for (const auto& [key, value] : bound.get(0).dict().entries()) {
    items.push_back(Value::tuple({key, value}));
    const Value& sort_key = by.text() == "key" ? key : value;
    keys.push_back(bound.boolean(1) ? sort_key : ignore_case(sort_key));
  }
  return Value::list(sorted(items, keys, bound.boolean(3)));
}

Value escape(Interpreter&, Arguments& a) {
  return Value::markup(escape_html(BoundArguments("escape", a, {"/s"}).get(0)));
}
Value force_escape(Interpreter&, Arguments& a) {
  return Value::markup(escape_html(Value(to_text(BoundArguments("forceescape", a, {"value"}).get(0)))));
}
Value safe(Interpreter&, Arguments& a) {
  return Value::markup(to_text(BoundArguments("safe", a, {"value"}).get(0)));
}
Value string(Interpreter&, Arguments& a) {
  Value value = BoundArguments("string", a, {"s"}).get(0);
  return value.is_string() ? value : Value(to_text(value));
}

std::optional<double> as_float(const Value& value) {
  if (value.is_undefined()) raise(value.undefined_message());
  if (value.is_number()) return value.number();
  return value.is_string() ? parse_float(value.text()) : std::nullopt;
}

Value filesizeformat(Interpreter&, Arguments& a) {
  BoundArguments bound("filesizeformat", a, {"value", "binary="});
  auto bytes = as_float(bound.get(0));
  if (!bytes) raise("could not convert to float: ", repr(bound.get(0)));
  double base = bound.boolean(1) ? 1024 : 1000;
  if (*bytes == 1) return "1 Byte";
  if (*bytes < base) return concat(static_cast<std::int64_t>(*bytes), " Bytes");
  double unit = base;
  const char* const prefixes = "kMGTPEZY";
  int i = -1;
  do unit *= base, ++i;
  while (*bytes >= unit && i < 7);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.1f ", base * *bytes / unit);
  char prefix = bound.boolean(1) && i == 0 ? 'K' : prefixes[i];
  return std::string(buffer) + prefix + (bound.boolean(1) ? "iB" : "B");
}

Value first(Interpreter&, Arguments& a) {
  auto item = iterate(BoundArguments("first", a, {"seq"}).get(0))->next();
  return item ? *item : Value::undefined("no first item, sequence was empty");
}

void require_reversible(const Value& value) {
  bool plain = value.is_string() || value.is_sequence() || value.is_dict() || value.as<Range>() ||
               value.as<DictView>();
  if (!plain) raise("'", value.type_name(), "' object is not reversible");
}

Value last(Interpreter&, Arguments& a) {
  Value sequence = BoundArguments("last", a, {"seq"}).get(0);
  require_reversible(sequence);
  if (sequence.is_string() || sequence.is_sequence()) {
    Value item = get_item(sequence, Value(-1));
    return item;
  }
  std::vector<Value> items = to_vector(sequence);
  return items.empty() ? Value::undefined("no last item, sequence was empty") : items.back();
}

Value float_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("float", a, {"value", "default="});
  auto number = as_float(bound.get(0));
  return number ? Value(*number) : bound.get(1, Value(0.0));
}

Value int_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("int", a, {"value", "default=", "base="});
  Value value = bound.get(0), otherwise = bound.get(1, Value(0));
  if (value.is_undefined()) raise(value.undefined_message());
  if (value.is_integer()) return value.integer();
  std::optional<double> number;
  if (value.is_string()) {
    if (auto parsed = parse_integer(value.text(), static_cast<int>(bound.integer(2, 10)))) return *parsed;
    number = parse_float(value.text());
  } else if (value.is_float()) {
    number = value.number();
  }
  if (!number || !std::isfinite(*number)) return otherwise;
  if (std::fabs(*number) >= 9.2e18) raise("the integer does not fit 64 bits");
  return static_cast<std::int64_t>(*number);
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

Value groupby(Interpreter&, Arguments& a) {
  BoundArguments bound("groupby", a, {"value", "attribute", "default=", "case_sensitive="});
  AttributePath path(bound.get(1), bound.is_none(2) ? std::nullopt : std::optional(bound.get(2)));
  std::vector<Value> items = to_vector(bound.get(0)), keys;
  auto key_of = [&](const Value& item) { return bound.boolean(3) ? path(item) : ignore_case(path(item)); };
  for (const Value& item : items) keys.push_back(key_of(item));
  items = sorted(items, keys, false);
  std::vector<Value> groups;
  for (std::size_t i = 0; i < items.size();) {
    std::vector<Value> members;
    Value key = key_of(items[i]), shown = path(items[i]);
    for (; i < items.size() && equals(key_of(items[i]), key); ++i) members.push_back(items[i]);
    groups.push_back(Value::tuple({shown, Value::list(std::move(members))}));
  }
  return Value::list(std::move(groups));
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

Value items(Interpreter&, Arguments& a) {
  Value value = BoundArguments("items", a, {"value"}).get(0);
  std::vector<Value> pairs;
  if (value.is_dict()) pairs = DictView(value, DictView::items).contents();
  auto iterator = std::shared_ptr<Iterator>(iterate_items(std::move(pairs)));
  bool valid = value.is_dict() || value.is_undefined();
  return make_generator(
      [iterator, valid] {
        if (!valid) raise("can only get item pairs from a mapping");
        return iterator->next();
      },
      value.depth());
}

Value join(Interpreter&, Arguments& a) {
  BoundArguments bound("join", a, {"value", "d=", "attribute="});
  AttributePath path(bound.get(2));
  std::string separator = to_text(bound.get(1, Value(""))), out;
  auto iterator = iterate(bound.get(0));
  bool is_first = true;
  while (auto item = iterator->next()) {
    spend(1);
    if (!std::exchange(is_first, false)) out += separator;
    out += to_text(path(*item));
    require_room(out.size());
  }
  return out;
}

Value length(Interpreter&, Arguments& a) {
  Value value = BoundArguments("length", a, {"/obj"}).get(0);
  auto size = length_of(value);
  if (!size) raise("object of type '", value.type_name(), "' has no len()");
  return *size;
}

Value list(Interpreter&, Arguments& a) {
  return Value::list(to_vector(BoundArguments("list", a, {"value"}).get(0)));
}

Value map(Interpreter& interpreter, Arguments& a) {
  if (a.positional.empty()) raise("map needs a value");
  Value source = a.positional[0];
  unsigned depth = source.depth();
  auto arguments = std::make_shared<Arguments>(a);
  arguments->positional.erase(arguments->positional.begin());
  for (const Value& v : arguments->positional) depth = std::max(depth, v.depth());
  std::shared_ptr<Iterator> iterator;
  std::function<Value(const Value&)> function;
  return make_generator(
      [=, &interpreter]() mutable -> std::optional<Value> {
        if (!function) {
          if (!truth(source)) return std::nullopt;
          if (arguments->positional.empty() &&
              std::any_of(arguments->keyword.begin(), arguments->keyword.end(),
                          [](const auto& k) { return k.first == "attribute"; })) {
            BoundArguments bound("map", *arguments, {"attribute", "default="});
            function =
                AttributePath(bound.get(0), bound.is_none(1) ? std::nullopt : std::optional(bound.get(1)));
          } else {
            if (arguments->positional.empty()) raise("map requires a filter argument");
            function = [arguments, &interpreter](const Value& item) {
              Arguments call = *arguments;
              Value name = call.positional[0];
              call.positional[0] = item;
              return interpreter.apply_filter(name, std::move(call));
            };
          }
          iterator = iterate(source);
        }
        spend(1);
        auto item = iterator->next();
        return item ? std::optional(function(*item)) : std::nullopt;
      },
      depth);
}

template <bool wanted, bool by_attribute>
Value select(Interpreter& interpreter, Arguments& a) {
  if (a.positional.empty()) raise("select needs a value");
  Value source = a.positional[0];
  auto arguments = std::make_shared<Arguments>(a);
  arguments->positional.erase(arguments->positional.begin());
  std::shared_ptr<Iterator> iterator;
  std::shared_ptr<AttributePath> path;
  return make_generator(
      [=, &interpreter]() mutable -> std::optional<Value> {
        if (!iterator) {
          if (!truth(source)) return std::nullopt;
          if (by_attribute && arguments->positional.empty()) raise("missing parameter for attribute name");
          path = std::make_shared<AttributePath>(by_attribute ? arguments->positional[0] : Value::none());
          if (by_attribute) arguments->positional.erase(arguments->positional.begin());
          iterator = iterate(source);
        }
        while (auto item = iterator->next()) {
          spend(1);
          Value tested = (*path)(*item);
          if (!arguments->positional.empty()) {
            Arguments call = *arguments;
            Value name = call.positional[0];
            call.positional[0] = tested;
            tested = interpreter.apply_test(name, std::move(call));
          }
          if (truth(tested) == wanted) return item;
        }
        return std::nullopt;
      },
      source.depth());
}

template <bool maximum>
Value extreme(Interpreter&, Arguments& a) {
  BoundArguments bound("min", a, {"value", "case_sensitive=", "attribute="});
  AttributePath path(bound.get(2));
  auto key_of = [&](const Value& item) { return bound.boolean(1) ? path(item) : ignore_case(path(item)); };
  std::optional<Value> best, best_key;
  auto iterator = iterate(bound.get(0));
  while (auto item = iterator->next()) {
    Value key = key_of(*item);
    if (best && !(maximum ? less(*best_key, key, ">") : less(key, *best_key))) continue;
    best = item, best_key = key;
  }
  return best ? *best : Value::undefined("no aggregated item, sequence was empty");
}

Value pprint(Interpreter&, Arguments& a) { return repr(BoundArguments("pprint", a, {"value"}).get(0)); }

Value replace(Interpreter&, Arguments& a) {
  BoundArguments bound("replace", a, {"s", "old", "new", "count="});
  std::int64_t count = bound.is_none(3) ? -1 : bound.integer(3, -1);
  return replace_text(to_text(bound.get(0)), to_text(bound.get(1)), to_text(bound.get(2)), count);
}

Value reverse(Interpreter&, Arguments& a) {
  Value value = BoundArguments("reverse", a, {"value"}).get(0);
  if (value.is_string()) return slice(value, Value::none(), Value::none(), Value(-1));
  std::vector<Value> items = to_vector(value);
  std::reverse(items.begin(), items.end());
  if (value.as<Generator>()) return Value::list(std::move(items));
  auto iterator = std::shared_ptr<Iterator>(iterate_items(std::move(items)));
  return make_generator([iterator] { return iterator->next(); }, value.depth());
}

Value round_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("round", a, {"value", "precision=", "method="});
  Value value = bound.get(0), method = bound.get(2, Value("common"));
  std::string how = to_text(method);
  if (how != "common" && how != "ceil" && how != "floor") raise("method must be common, ceil or floor");
  if (!value.is_number()) raise("type ", value.type_name(), " doesn't define __round__ method");
  std::int64_t places = bound.integer(1, 0);
  if (how != "common") {
    double unit = std::pow(10.0, static_cast<double>(places)), scaled = value.number() * unit;
    return (how == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit;
  }
  if (value.is_float()) return round_to(value.number(), places);
  if (places >= 0) return value.integer();
  return static_cast<std::int64_t>(round_to(value.number(), places));
}

Value slice_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("slice", a, {"value", "slices", "fill_with="});
  std::vector<Value> all = to_vector(bound.get(0)), rows;
  auto size = static_cast<std::int64_t>(all.size()), slices = bound.integer(1, 0);
  if (slices == 0) raise("integer division or modulo by zero");
  if (slices > max_range) exceed("slice into more than ", max_range, " parts");
  for (std::int64_t row = 0, at = 0; row < slices; ++row) {
    std::int64_t count = size / slices + (row < size % slices);
    std::vector<Value> part(all.begin() + at, all.begin() + at + count);
    if (!bound.is_none(2) && row >= size % slices) part.push_back(bound.get(2));
    rows.push_back(Value::list(std::move(part)));
    at += count;
  }
  auto iterator = std::shared_ptr<Iterator>(iterate_items(std::move(rows)));
  return make_generator([iterator] { return iterator->next(); }, bound.get(0).depth() + 1);
}

Value sort(Interpreter&, Arguments& a) {
  BoundArguments bound("sort", a, {"value", "reverse=", "case_sensitive=", "attribute="});
  std::vector<AttributePath> paths;
  Value attribute = bound.get(3);
  std::string_view text = attribute.is_string() ? std::string_view(attribute.text()) : "";
  while (attribute.is_string()) {
    std::size_t comma = text.find(',');
    paths.emplace_back(Value(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (paths.empty()) paths.emplace_back(attribute);
  std::vector<Value> all = to_vector(bound.get(0)), keys;
  for (const Value& item : all) {
    std::vector<Value> key;
    for (const AttributePath& path : paths)
      key.push_back(bound.boolean(2) ? path(item) : ignore_case(path(item)));
    keys.push_back(Value::list(std::move(key)));
  }
  return Value::list(sorted(all, keys, bound.boolean(1)));
}

Value striptags(Interpreter&, Arguments& a) {
  std::string text = to_text(BoundArguments("striptags", a, {"value"}).get(0)), out;
  static const std::pair<std::string_view, std::string_view> marks[] = {{"<!--", "-->"}, {"<", ">"}};
  for (const auto& [open, close] : marks) {
    for (std::size_t start; (start = text.find(open)) != std::string::npos;) {
      std::size_t end = text.find(close, start);
      if (end == std::string::npos) break;
      spend(text.size() / 64 + 1);
      text.erase(start, end + close.size() - start);
    }
  }
  bool space = false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t begin = i;
    if (is_space(next_code_point(text, i))) {
      space = !out.empty();
    } else {
      if (std::exchange(space, false)) out += ' ';
      out.append(text, begin, i - begin);
    }
  }
  static const std::pair<std::string_view, std::string_view> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&#34;", "\""}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) out = replace_text(out, entity, character, -1);
  return out;
}

Value sum(Interpreter&, Arguments& a) {
  BoundArguments bound("sum", a, {"iterable", "attribute=", "start="});
  AttributePath path(bound.get(1));
  Value total = bound.get(2, Value(0));
  if (total.is_string()) raise("sum() can't sum strings");
  auto iterator = iterate(bound.get(0));
  while (auto item = iterator->next()) total = apply(BinaryOperator::add, total, path(*item));
  return total;
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

Value unique(Interpreter&, Arguments& a) {
  BoundArguments bound("unique", a, {"value", "case_sensitive=", "attribute="});
  auto iterator = std::shared_ptr<Iterator>(iterate(bound.get(0)));
  auto path = std::make_shared<AttributePath>(bound.get(2));
  auto seen = std::make_shared<Dict>();
  bool case_sensitive = bound.boolean(1);
  return make_generator(
      [=]() -> std::optional<Value> {
        while (auto item = iterator->next()) {
          Value key = case_sensitive ? (*path)(*item) : ignore_case((*path)(*item));
          if (is_hashable(key) && seen->find(key) != nullptr) continue;
          seen->set(key, Value::none());
          return item;
        }
        return std::nullopt;
      },
      bound.get(0).depth());
}

std::string quote_url(const std::string& text, bool for_query) {
  std::string out;
  for (unsigned char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 std::string_view("_.-~").find(static_cast<char>(c)) != std::string_view::npos;
    if (plain || (c == '/' && !for_query)) {
      out += static_cast<char>(c);
    } else if (c == ' ' && for_query) {
      out += '+';
    } else {
      out += '%', out += "0123456789ABCDEF"[c >> 4], out += "0123456789ABCDEF"[c & 15];
    }
  }
  return out;
}

Value urlencode(Interpreter&, Arguments& a) {
  Value value = BoundArguments("urlencode", a, {"value"}).get(0);
  if (value.is_string() || !try_iterate(value)) return quote_url(to_text(value), false);
  std::string out;
  for (const Value& pair : value.is_dict() ? DictView(value, DictView::items).contents() : to_vector(value)) {
    std::vector<Value> both = to_vector(pair);
    if (both.size() != 2) raise("urlencode needs pairs");
    out += (out.empty() ? "" : "&") + quote_url(to_text(both[0]), true) + "=" +
           quote_url(to_text(both[1]), true);
  }
  return out;
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

Value xmlattr(Interpreter&, Arguments& a) {
  BoundArguments bound("xmlattr", a, {"d", "autospace="});
  if (!bound.get(0).is_dict()) raise("xmlattr needs a dict");
  std::string out;
  for (const auto& [key, value] : bound.get(0).dict().entries()) {
    if (value.is_none() || value.is_undefined()) continue;
    if (!key.is_string() || key.text().find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
      raise("invalid character in attribute name: ", repr(key));
    out += (out.empty() ? "" : " ") + escape_html(key) + "=\"" + escape_html(value) + "\"";
  }
  return bound.boolean(1, true) && !out.empty() ? " " + out : out;
}

Value unsupported(Interpreter&, Arguments&) { raise("this filter is not supported in chat templates"); }

const std::map<std::string_view, Builtin> filters = {{"abs", abs_filter},
                                                     {"attr", attr},
                                                     {"batch", batch},
                                                     {"capitalize", convert_case<capitalize>},
                                                     {"center", center},
                                                     {"count", length},
                                                     {"d", default_filter},
                                                     {"default", default_filter},
                                                     {"dictsort", dictsort},
                                                     {"e", escape},
                                                     {"escape", escape},
                                                     {"filesizeformat", filesizeformat},
                                                     {"first", first},
                                                     {"float", float_filter},
                                                     {"forceescape", force_escape},
                                                     {"format", format},
                                                     {"groupby", groupby},
                                                     {"indent", indent},
                                                     {"int", int_filter},
                                                     {"items", items},
                                                     {"join", join},
                                                     {"last", last},
                                                     {"length", length},
                                                     {"list", list},
                                                     {"lower", convert_case<to_lower>},
                                                     {"map", map},
                                                     {"max", extreme<true>},
                                                     {"min", extreme<false>},
                                                     {"pprint", pprint},
                                                     {"random", unsupported},
                                                     {"reject", select<false, false>},
                                                     {"rejectattr", select<false, true>},
                                                     {"replace", replace},
                                                     {"reverse", reverse},
                                                     {"round", round_filter},
                                                     {"safe", safe},
                                                     {"select", select<true, false>},
                                                     {"selectattr", select<true, true>},
                                                     {"slice", slice_filter},
                                                     {"sort", sort},
                                                     {"string", string},
                                                     {"striptags", striptags},
                                                     {"sum", sum},
                                                     {"title", title},
                                                     {"tojson", tojson},
                                                     {"trim", trim},
                                                     {"truncate", truncate},
                                                     {"unique", unique},
                                                     {"upper", convert_case<to_upper>},
                                                     {"urlencode", urlencode},
                                                     {"urlize", unsupported},
                                                     {"wordcount", wordcount},
                                                     {"wordwrap", unsupported},
                                                     {"xmlattr", xmlattr}};

}  // namespace

Builtin find_filter(std::string_view name) {
  auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace realizar::text::jinja
