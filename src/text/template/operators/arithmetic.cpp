#include <algorithm>
#include <cmath>
#include <limits>

#include "text/template/format.hpp"
#include "text/template/objects.hpp"
#include "text/template/operators.hpp"
#include "text/template/text_search.hpp"

namespace realizar::text::jinja {
namespace {

[[noreturn]] void fail_operands(const char* symbol, const Value& a, const Value& b) {
  raise("unsupported operand type(s) for ", symbol, ": '", a.type_name(), "' and '", b.type_name(), "'");
}

[[noreturn]] void fail_overflow() { raise("an integer result does not fit 64 bits"); }

const char* symbol_of(BinaryOperator op) {
  static const char* const symbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return symbols[static_cast<int>(op)];
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) raise("integer division or modulo by zero");
  if (b == -1) {
    if (a == std::numeric_limits<std::int64_t>::min()) fail_overflow();
    return -a;
  }
  std::int64_t quotient = a / b;
  return quotient - ((a % b != 0) && ((a < 0) != (b < 0)));
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) fail_overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) fail_overflow();
  }
  return result;
}

Value apply_integers(BinaryOperator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case BinaryOperator::add:
      if (__builtin_add_overflow(a, b, &result)) fail_overflow();
      return result;
    case BinaryOperator::subtract:
      if (__builtin_sub_overflow(a, b, &result)) fail_overflow();
      return result;
    case BinaryOperator::multiply:
      if (__builtin_mul_overflow(a, b, &result)) fail_overflow();
      return result;
    case BinaryOperator::divide:
      if (b == 0) raise("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    case BinaryOperator::floor_divide:
      return floor_divide(a, b);
    case BinaryOperator::modulo:
      return b == -1 ? Value(0) : Value(a - floor_divide(a, b) * b);
    case BinaryOperator::power:
      if (b >= 0) return integer_power(a, b);
      if (a == 0) raise("0.0 cannot be raised to a negative power");
      return std::pow(static_cast<double>(a), static_cast<double>(b));
  }
  return {};
}

Value apply_floats(BinaryOperator op, double a, double b) {
  auto modulo = [&] {
    double remainder = std::fmod(a, b);
    if (remainder == 0) return std::copysign(0.0, b);
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  };
  switch (op) {
    case BinaryOperator::add:
      return a + b;
    case BinaryOperator::subtract:
      return a - b;
    case BinaryOperator::multiply:
      return a * b;
    case BinaryOperator::power: {
      if (a == 0 && b < 0) raise("0.0 cannot be raised to a negative power");
      if (a < 0 && std::floor(b) != b && std::isfinite(b)) raise("complex numbers are not supported");
      double result = std::pow(a, b);
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) raise("numerical result out of range");
      return result;
    }
    default:
      break;
  }
  if (b == 0) raise("float division by zero");
  if (op == BinaryOperator::divide) return a / b;
  if (op == BinaryOperator::modulo) return modulo();
  double quotient = (a - modulo()) / b;
  double floor = std::floor(quotient);
  return quotient == 0 ? std::copysign(0.0, a / b) : quotient - floor > 0.5 ? floor + 1 : floor;
}

Value repeat(const Value& sequence, std::int64_t count) {
  auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  std::size_t unit = sequence.is_string() ? sequence.text().size() : sequence.items().size() * sizeof(Value);
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(unit, times, &bytes)) exceed("a repeated sequence is too large");
  require_room(bytes);
  if (unit == 0) times = 0;
  if (sequence.is_string()) {
    std::string text;
    text.reserve(bytes);
    for (std::size_t i = 0; i < times; ++i) text += sequence.text();
    return sequence.is_markup() ? Value::markup(std::move(text)) : Value(std::move(text));
  }
  std::vector<Value> items;
  for (std::size_t i = 0; i < times; ++i)
    items.insert(items.end(), sequence.items().begin(), sequence.items().end());
  return sequence.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value add_texts(const Value& a, const Value& b) {
  if (!a.is_markup() && !b.is_markup()) {
    require_room(a.text().size() + b.text().size());
    return a.text() + b.text();
  }
  return Value::markup(escape_html(a) + escape_html(b));
}

}  // namespace

void require_small(const Value& value) {
  if (value.as<BigInteger>()) raise("the integer ", value.object().repr(), " does not fit 64 bits");
}

Value apply(BinaryOperator op, const Value& a, const Value& b) {
  if (op == BinaryOperator::modulo && a.is_string()) return percent_format(a, b);
  require_defined(a);
  require_defined(b);
  if (a.is_integer() && b.is_integer()) return apply_integers(op, a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return apply_floats(op, a.number(), b.number());
  if (op == BinaryOperator::add) {
    if (a.is_string() && b.is_string()) return add_texts(a, b);
    if ((a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple())) {
      require_room((a.items().size() + b.items().size()) * sizeof(Value));
      std::vector<Value> items = a.items();
      items.insert(items.end(), b.items().begin(), b.items().end());
      return a.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
    }
  }
  if (op == BinaryOperator::multiply) {
    if ((a.is_string() || a.is_sequence()) && b.is_integer()) return repeat(a, b.integer());
    if ((b.is_string() || b.is_sequence()) && a.is_integer()) return repeat(b, a.integer());
  }
  require_small(a);
  require_small(b);
  fail_operands(symbol_of(op), a, b);
}

Value negate(const Value& value) {
  require_defined(value);
  if (value.is_integer()) return apply_integers(BinaryOperator::subtract, 0, value.integer());
  if (value.is_float()) return -value.number();
  if (value.as<BigInteger>()) {
    const std::string digits = value.object().repr();
    return make_integer(digits.starts_with('-') ? digits.substr(1) : "-" + digits);
  }
  raise("bad operand type for unary -: '", value.type_name(), "'");
}

}  // namespace realizar::text::jinja
