#include "text/template/numbers.hpp"

#include <cmath>
#include <cstdio>

#include "text/template/arguments.hpp"
#include "text/template/filters/tables.hpp"
#include "text/template/objects.hpp"

namespace realizar::text::jinja {
namespace {

std::optional<double> as_float(const Value& value) {
  require_defined(value);
  if (value.as<BigInteger>()) return parse_float(value.object().repr());
  if (value.is_number()) return value.number();
  return value.is_string() ? parse_float(value.text()) : std::nullopt;
}

Value abs_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("abs", a, {"/x"});
  Value x = bound.get(0);
  if (x.as<BigInteger>()) return x.object().repr().starts_with('-') ? negate(x) : x;
  if (!x.is_number()) raise("bad operand type for abs(): '", x.type_name(), "'");
  if (x.is_float()) return std::fabs(x.number());
  return x.integer() < 0 ? negate(x) : Value(x.integer());
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

Value float_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("float", a, {"value", "default="});
  auto number = as_float(bound.get(0));
  return number ? Value(*number) : bound.get(1, Value(0.0));
}

Value int_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("int", a, {"value", "default=", "base="});
  Value value = bound.get(0), otherwise = bound.get(1, Value(0));
  require_defined(value);
  if (value.is_integer()) return value.integer();
  if (value.as<BigInteger>()) return value;
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

Value round_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("round", a, {"value", "precision=", "method="});
  Value value = bound.get(0), method = bound.get(2, Value("common"));
  std::string how = to_text(method);
  if (how != "common" && how != "ceil" && how != "floor") raise("method must be common, ceil or floor");
  require_small(value);
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

}  // namespace

std::span<const NamedFilter> number_filters() {
  static const NamedFilter filters[] = {{"abs", abs_filter},
                                        {"filesizeformat", filesizeformat},
                                        {"float", float_filter},
                                        {"int", int_filter},
                                        {"round", round_filter}};
  return filters;
}

}  // namespace realizar::text::jinja
