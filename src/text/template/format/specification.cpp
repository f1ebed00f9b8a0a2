#include "text/template/format/specification.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "text/case_mapping.hpp"
#include "text/template/numbers.hpp"
#include "text/template/sandbox.hpp"
#include "text/template/text_layout.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

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

}  // namespace

std::int64_t checked(std::int64_t value, std::int64_t limit) {
  if (value > limit) exceed("a width or precision of ", value, " is too large");
  return value;
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

}  // namespace realizar::text::jinja
