#include "text/template/format.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "text/case_mapping.hpp"
#include "text/template/numbers.hpp"
#include "text/template/operators.hpp"
#include "text/template/text_layout.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

constexpr std::int64_t max_precision = 400, max_width = 100'000;

/// One conversion, in the terms of Python's format specification.
struct Specification {
  char32_t fill = ' ';
  char alignment = '\0';  ///< < > ^ =
  char sign = '-';
  bool alternate = false;
  char grouping = '\0';
  std::int64_t width = 0;
  std::optional<std::int64_t> precision;
  char type = '\0';
};

std::int64_t checked(std::int64_t value, std::int64_t limit) {
  if (value > limit) exceed("a width or precision of ", value, " is too large");
  return value;
}

std::string to_base(std::uint64_t magnitude, unsigned base, bool upper) {
  const char* digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  do out.insert(out.begin(), digits[magnitude % base]);
  while ((magnitude /= base) > 0);
  return out;
}

std::string group(std::string digits, char separator, std::size_t every) {
  std::size_t end = std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  for (std::size_t i = end; i > every; i -= every) digits.insert(i - every, 1, separator);
  return digits;
}

/// Sign, prefix and digits put into the width.
std::string pad_number(bool negative, const std::string& prefix, const std::string& digits,
                       const Specification& spec) {
  std::string head = (negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "") + prefix;
  if (spec.alignment == '=')
    return head + pad_text(digits, spec.width - static_cast<std::int64_t>(head.size()), spec.fill, '>');
  return pad_text(head + digits, spec.width, spec.fill, spec.alignment == '\0' ? '>' : spec.alignment);
}

std::string format_integer(std::int64_t value, const Specification& spec) {
  std::uint64_t magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) magnitude = ~magnitude + 1;
  unsigned base = spec.type == 'x' || spec.type == 'X' ? 16
                  : spec.type == 'o'                   ? 8
                  : spec.type == 'b'                   ? 2
                                                       : 10;
  std::string digits = to_base(magnitude, base, spec.type == 'X');
  if (spec.grouping != '\0') digits = group(digits, spec.grouping, base == 10 ? 3 : 4);
  std::string prefix = spec.alternate && base != 10 ? std::string("0") + spec.type : "";
  return pad_number(value < 0, prefix, digits, spec);
}

std::string format_double(double value, const Specification& spec) {
  char type = spec.type == '\0' ? 'g' : spec.type;
  std::string digits;
  double magnitude = std::fabs(value);
  if (!std::isfinite(value)) {
    digits = std::isnan(value) ? "nan" : "inf";
    if (type >= 'A' && type <= 'Z') digits = to_upper(digits);
  } else if (spec.type == '\0' && !spec.precision) {
    digits = format_float(magnitude);
  } else {
    std::string printf_format = std::string(spec.alternate ? "%#.*" : "%.*") + (type == '%' ? 'f' : type);
    char buffer[1200];
    int precision = static_cast<int>(checked(spec.precision.value_or(6), max_precision));
    std::snprintf(buffer, sizeof buffer, printf_format.c_str(), precision,
                  type == '%' ? magnitude * 100 : magnitude);
    digits = buffer;
    if (spec.type == '\0' && digits.find_first_of(".en") == std::string::npos) digits += ".0";
  }
  if (spec.grouping != '\0') digits = group(digits, spec.grouping, 3);
  if (type == '%') digits += '%';
  return pad_number(std::signbit(value) && !std::isnan(value), "", digits, spec);
}

std::string format_text(const std::string& text, const Specification& spec) {
  std::string out =
      spec.precision ? text.substr(0, byte_offset(text, static_cast<std::size_t>(*spec.precision))) : text;
  return pad_text(out, spec.width, spec.fill, spec.alignment == '\0' ? '<' : spec.alignment);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  char take() { return done() ? '\0' : text_[at_++]; }
  bool skip(char c) { return peek() == c && !done() && (++at_, true); }
  std::string_view rest() const { return text_.substr(at_); }
  void advance(std::size_t n) { at_ += n; }

  std::optional<std::int64_t> integer() {
    if (peek() < '0' || peek() > '9') return std::nullopt;
    std::int64_t value = 0;
    while (peek() >= '0' && peek() <= '9')
      value = std::min<std::int64_t>(value * 10 + (take() - '0'), 1'000'000'000);
    return value;
  }
  std::string until(char close) {
    std::size_t end = text_.find(close, at_);
    if (end == std::string_view::npos) raise("incomplete format");
    std::string out(text_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string convert_percent(const Value& value, Specification spec, bool left, bool zero) {
  auto number = [&] {
    if (left)
      spec.alignment = '<', spec.fill = ' ';
    else if (zero)
      spec.alignment = '=', spec.fill = '0';
  };
  switch (spec.type) {
    case 's':
    case 'r':
    case 'a':
      spec.alignment = left ? '<' : '>';
      return format_text(spec.type == 's' ? to_text(value) : repr(value), spec);
    case 'c': {
      spec.alignment = left ? '<' : '>', spec.precision.reset();
      if (value.is_string() && value.text_length() == 1) return format_text(value.text(), spec);
      if (!value.is_integer() || value.integer() < 0 || value.integer() > 0x10ffff)
        raise("%c requires int or char");
      std::string text;
      append_utf8(text, static_cast<char32_t>(value.integer()));
      return format_text(text, spec);
    }
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
      bool decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
      if (!value.is_integer() && !(decimal && value.is_float()))
        raise("%", spec.type, " format: a number is required, not ", value.type_name());
      if (value.is_float() && !(std::fabs(value.number()) < 9.2e18))
        raise("cannot convert float to a 64-bit integer");
      std::int64_t integer = value.is_integer() ? value.integer() : static_cast<std::int64_t>(value.number());
      if (spec.precision) {
        std::int64_t places = checked(*spec.precision, max_precision) + (integer < 0);
        Specification plain;
        plain.type = spec.type, plain.width = places, plain.alignment = '=', plain.fill = '0';
        std::string text = format_integer(integer, plain);
        return pad_text(text, spec.width, ' ', left ? '<' : '>');
      }
      number();
      return format_integer(integer, spec);
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      if (!value.is_number()) raise("must be real number, not ", value.type_name());
      number();
      return format_double(value.number(), spec);
    default:
      raise("unsupported format character '", spec.type, "'");
  }
}

Specification parse_specification(const std::string& text) {
  Specification spec;
  Reader reader(text);
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
    Reader reader(format);
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
  std::string field(Reader& reader, int nesting) {
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
    Reader reader(name);
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

Value percent_format(const Value& format, const Value& values) {
  std::vector<Value> items = values.is_tuple() ? values.items() : std::vector<Value>{values};
  std::size_t used = 0;
  bool by_key = false;
  auto take = [&]() -> Value {
    if (used >= items.size()) raise("not enough arguments for format string");
    return items[used++];
  };
  std::string out;
  Reader reader(format.text());
  while (!reader.done()) {
    char c = reader.take();
    if (c != '%') {
      out += c;
      continue;
    }
    std::optional<Value> keyed;
    if (reader.skip('(')) {
      std::string key = reader.until(')');
      if (!values.is_dict()) raise("format requires a mapping");
      const Value* found = values.dict().find_name(key);
      if (found == nullptr) raise("the format's key '", key, "' is missing");
      keyed = *found;
      by_key = true;
    }
    Specification spec;
    bool left = false, zero = false;
    for (bool flags = true; flags;) {
      switch (reader.peek()) {
        case '-':
          left = true, reader.take();
          break;
        case '0':
          zero = true, reader.take();
          break;
        case '+':
          spec.sign = reader.take();
          break;
        case ' ':
          spec.sign = spec.sign == '+' ? '+' : ' ', reader.take();
          break;
        case '#':
          spec.alternate = true, reader.take();
          break;
        default:
          flags = false;
      }
    }
    auto number = [&](std::int64_t limit) -> std::int64_t {
      if (!reader.skip('*')) return checked(reader.integer().value_or(0), limit);
      Value given = take();
      if (!given.is_integer()) raise("* wants int");
      return checked(given.integer(), limit);
    };
    spec.width = number(max_width);
    if (spec.width < 0) left = true, spec.width = std::min(-spec.width, max_width);
    if (reader.skip('.')) spec.precision = std::max<std::int64_t>(number(max_width), 0);
    while (reader.peek() == 'l' || reader.peek() == 'h' || reader.peek() == 'L') reader.take();
    if (reader.done()) raise("incomplete format");
    spec.type = reader.take();
    out += spec.type == '%' ? "%" : convert_percent(keyed ? *keyed : take(), spec, left, zero);
    require_room(out.size());
  }
  // Python takes whatever can be subscripted, but for tuples and strings, for a mapping that need not be used
  // up.
  bool is_mapping = values.is_dict() || values.is_list() || values.is_undefined();
  if (used < items.size() && !by_key && !is_mapping) {
    raise("not all arguments converted during string formatting");
  }
  return format.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
}

Value brace_format(const std::string& format, const Arguments& arguments) {
  return BraceFormatter(arguments).run(format);
}

}  // namespace realizar::text::jinja
