#include <algorithm>
#include <cmath>

#include "text/template/format.hpp"
#include "text/template/format/reader.hpp"
#include "text/template/format/specification.hpp"
#include "text/template/operators.hpp"
#include "text/template/text_layout.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

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
  FormatReader reader(format.text());
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

}  // namespace realizar::text::jinja
