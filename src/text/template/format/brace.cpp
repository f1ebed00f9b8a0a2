#include "text/template/format.hpp"
#include "text/template/format/reader.hpp"
#include "text/template/format/specification.hpp"
#include "text/template/numbers.hpp"
#include "text/template/operators.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

Specification parse_specification(const std::string& text) {
  Specification spec;
  FormatReader reader(text);
  auto is_alignment = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  std::size_t first = 0;
  if (!text.empty()) {
    char32_t fill = next_code_point(text, first);
    if (first < text.size() && is_alignment(text[first])) {
      spec.fill = fill, spec.alignment = text[first];
      reader.advance(first + 1);
    } else if (is_alignment(text[0])) {
      spec.alignment = reader.take();
    }
  }
  if (reader.peek() == '+' || reader.peek() == '-' || reader.peek() == ' ') spec.sign = reader.take();
  spec.alternate = reader.skip('#');
  if (reader.peek() == '0' && spec.alignment == '\0') spec.fill = '0', spec.alignment = '=', reader.take();
  spec.width = checked(reader.integer().value_or(0), max_width);
  if (reader.peek() == ',' || reader.peek() == '_') spec.grouping = reader.take();
  if (reader.skip('.')) {
    spec.precision = reader.integer();
    if (!spec.precision) raise("format specifier missing precision");
  }
  spec.type = reader.take();
  if (!reader.done()) raise("invalid format specifier '", text, "'");
  return spec;
}

std::string format_value(const Value& value, const std::string& text) {
  if (text.empty()) return to_text(value);
  Specification spec = parse_specification(text);
  auto is_one_of = [&](std::string_view types) {
    return spec.type == '\0' || types.find(spec.type) != std::string_view::npos;
  };
  bool plain_bool = value.is_bool() && spec.type == '\0';
  if (value.is_integer() && !plain_bool && is_one_of("dxXobn") && !spec.precision)
    return format_integer(value.integer(), spec);
  if (value.is_number() && !plain_bool && (spec.type != '\0' || value.is_float()) && is_one_of("eEfFgG%"))
    return format_double(value.number(), spec);
  if ((value.is_string() || plain_bool) && is_one_of("s") && spec.alignment != '=' && spec.sign == '-') {
    return format_text(to_text(value), spec);
  }
  raise("format specifier '", text, "' does not suit a value of type ", value.type_name());
}

/// Fills the fields of str.format; `automatic` counts the fields without a name.
class BraceFormatter {
 public:
  explicit BraceFormatter(const Arguments& arguments) : arguments_(arguments) {}

  std::string run(std::string_view format, int nesting = 0) {
    if (nesting > 2) raise("max string recursion exceeded");
    std::string out;
    FormatReader reader(format);
    while (!reader.done()) {
      char c = reader.take();
      if (c == '{' && !reader.skip('{')) {
        out += field(reader, nesting);
      } else if (c == '}' && !reader.skip('}')) {
        raise("single '}' encountered in format string");
      } else {
        out += c;
      }
      require_room(out.size());
    }
    return out;
  }

 private:
  std::string field(FormatReader& reader, int nesting) {
    std::string name, specification;
    char conversion = '\0';
    while (!reader.done() && reader.peek() != '}' && reader.peek() != ':' && reader.peek() != '!')
      name += reader.take();
    if (reader.skip('!')) conversion = reader.take();
    if (reader.skip(':')) {
      for (int depth = 0; !reader.done() && (depth > 0 || reader.peek() != '}');) {
        char c = reader.take();
        depth += (c == '{') - (c == '}');
        specification += c;
      }
    }
    if (!reader.skip('}')) raise("expected '}' before end of string");
    Value value = lookup(name);
    if (conversion == 'r' || conversion == 'a')
      value = Value(repr(value));
    else if (conversion == 's')
      value = Value(to_text(value));
    else if (conversion != '\0')
      raise("unknown conversion specifier '", conversion, "'");
    return format_value(value, run(specification, nesting + 1));
  }

  Value lookup(const std::string& name) {
    FormatReader reader(name);
    std::string first;
    while (!reader.done() && reader.peek() != '.' && reader.peek() != '[') first += reader.take();
    Value value = argument(first, first == name);
    while (!reader.done()) {
      if (reader.skip('[')) {
        std::string key = reader.until(']');
        auto index = parse_integer(key, 10);
        value = get_item(value, index ? Value(*index) : Value(key));
      } else if (reader.skip('.')) {
        std::string attribute;
        while (!reader.done() && reader.peek() != '.' && reader.peek() != '[') attribute += reader.take();
        value = get_attribute(value, attribute);
      } else {
        raise("only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  /// Fields that are a number or nothing and no more must agree on being numbered.
  Value argument(const std::string& name, bool is_whole_field) {
    bool numbered = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    if (name.empty() || numbered) {
      if (name.empty() && !is_whole_field) raise("a field without a number or a name has no members");
      if (is_whole_field) {
        if (manual_ && *manual_ != numbered) raise("cannot mix automatic and manual field numbering");
        manual_ = numbered;
      }
      std::size_t index =
          numbered ? static_cast<std::size_t>(parse_integer(name, 10).value_or(max_range)) : automatic_++;
      if (index >= arguments_.positional.size()) raise("replacement index ", index, " out of range");
      return arguments_.positional[index];
    }
    for (const auto& [keyword, value] : arguments_.keyword) {
      if (keyword == name) return value;
    }
    raise("no argument named '", name, "' to format");
  }

  const Arguments& arguments_;
  std::size_t automatic_ = 0;
  std::optional<bool> manual_;
};

}  // namespace

Value brace_format(const std::string& format, const Arguments& arguments) {
  return BraceFormatter(arguments).run(format);
}

}  // namespace realizar::text::jinja
