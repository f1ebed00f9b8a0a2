#include "text/template/operators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/template/format.hpp"
#include "text/template/methods.hpp"
#include "text/template/numbers.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

[[noreturn]] void fail_undefined(const Value& value) { raise(value.undefined_message()); }

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

std::string quote(const std::string& text) {
  bool single = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  char mark = single ? '"' : '\'';
  std::string out(1, mark);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t start = i;
    char32_t c = next_code_point(text, i);
    if (c == static_cast<unsigned char>(mark) || c == '\\') {
      out += '\\', out += static_cast<char>(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (c >= 0x80 ? is_printable(c) : c >= 0x20 && c < 0x7f) {
      out.append(text, start, i - start);
    } else {
      out += escape_code_point(c);
    }
  }
  return out + mark;
}

void check_text_size(const std::string& text) {
  require_room(text.size());
  spend(1);
}

void append_repr(std::string& out, const Value& value) {
  check_text_size(out);
  auto append_all = [&](const std::vector<Value>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ", ";
      append_repr(out, items[i]);
    }
  };
  if (value.is_undefined()) {
    out += "Undefined";
  } else if (value.is_none()) {
    out += "None";
  } else if (value.is_bool()) {
    out += value.integer() ? "True" : "False";
  } else if (value.is_integer()) {
    out += std::to_string(value.integer());
  } else if (value.is_float()) {
    out += format_float(value.number());
  } else if (value.is_string()) {
    out += value.is_markup() ? "Markup(" + quote(value.text()) + ")" : quote(value.text());
  } else if (value.is_list()) {
    out += '[', append_all(value.items()), out += ']';
  } else if (value.is_tuple()) {
    out += '(', append_all(value.items()), out += value.items().size() == 1 ? ",)" : ")";
  } else if (value.is_dict()) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, item] : value.dict().entries()) {
      out += separator, separator = ", ";
      append_repr(out, key), out += ": ", append_repr(out, item);
    }
    out += '}';
  } else {
    out += value.object().repr();
  }
}

class ItemIterator : public Iterator {
 public:
  explicit ItemIterator(Value sequence) : sequence_(std::move(sequence)) {}
  std::optional<Value> next() override {
    if (at_ == sequence_.items().size()) return std::nullopt;
    return sequence_.items()[at_++];
  }

 private:
  Value sequence_;
  std::size_t at_ = 0;
};

class CharacterIterator : public Iterator {
 public:
  explicit CharacterIterator(Value text) : text_(std::move(text)) {}
  std::optional<Value> next() override {
    if (at_ == text_.text().size()) return std::nullopt;
    std::size_t start = at_;
    next_code_point(text_.text(), at_);
    return Value(text_.text().substr(start, at_ - start));
  }

 private:
  Value text_;
  std::size_t at_ = 0;
};

class KeyIterator : public Iterator {
 public:
  explicit KeyIterator(Value dict) : dict_(std::move(dict)) {}
  std::optional<Value> next() override {
    if (at_ == dict_.dict().size()) return std::nullopt;
    return dict_.dict().entries()[at_++].first;
  }

 private:
  Value dict_;
  std::size_t at_ = 0;
};

/// Index i of a sequence of `size` with Python's negative indices, or nothing when it is outside.
std::optional<std::size_t> wrap_index(std::int64_t index, std::size_t size) {
  auto n = static_cast<std::int64_t>(size);
  if (index < 0) index += n;
  if (index < 0 || index >= n) return std::nullopt;
  return static_cast<std::size_t>(index);
}

std::optional<Value> subscript(const Value& value, const Value& key) {
  if (value.is_dict()) {
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = value.dict().find(key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (value.is_object()) return value.object().item(key);
  if (!key.is_integer()) return std::nullopt;
  if (value.is_sequence()) {
    auto at = wrap_index(key.integer(), value.items().size());
    return at ? std::optional(value.items()[*at]) : std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  auto at = wrap_index(key.integer(), value.text_length());
  if (!at) return std::nullopt;
  bool single_bytes = value.text_length() == value.text().size();
  std::size_t start = single_bytes ? *at : byte_offset(value.text(), *at);
  if (!single_bytes) spend(start / 64);
  std::size_t end = start;
  next_code_point(value.text(), end);
  return Value(value.text().substr(start, end - start));
}

Value missing_member(const Value& value, const Value& key) {
  return Value::undefined("'" + value.type_name() + " object' has no attribute or item " +
                          (key.is_string() || key.is_number() ? repr(key) : key.type_name()));
}

template <class Compare>
bool compare_ordered(const Value& a, const Value& b, const char* symbol, Compare compare) {
  spend(1);
  if (a.is_undefined()) fail_undefined(a);
  if (b.is_undefined()) fail_undefined(b);
  if (a.is_number() && b.is_number()) return compare(compare_numbers(a, b));
  if (a.is_string() && b.is_string()) {
    int order = a.text().compare(b.text());
    return compare(std::partial_ordering(order <=> 0));
  }
  if ((a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple())) {
    std::size_t shared = std::min(a.items().size(), b.items().size());
    for (std::size_t i = 0; i < shared; ++i) {
      if (!equals(a.items()[i], b.items()[i])) {
        return compare_ordered(a.items()[i], b.items()[i], symbol, compare);
      }
    }
    return compare(std::partial_ordering(a.items().size() <=> b.items().size()));
  }
  raise("'", symbol, "' not supported between instances of '", a.type_name(), "' and '", b.type_name(), "'");
}

}  // namespace

bool truth(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is_float()) return value.number() != 0;
  if (value.is_integer()) return value.integer() != 0;
  if (value.is_string()) return !value.text().empty();
  if (value.is_sequence()) return !value.items().empty();
  if (value.is_dict()) return value.dict().size() != 0;
  return value.object().truth();
}

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.integer() <=> b.integer();
  if (a.is_float() && b.is_float()) return a.number() <=> b.number();
  if (b.is_integer()) return 0 <=> compare_numbers(b, a);
  // An integer beside a float: compare without rounding the integer.
  double number = b.number();
  if (std::isnan(number)) return std::partial_ordering::unordered;
  if (number >= 9223372036854775808.0) return std::partial_ordering::less;
  if (number < -9223372036854775808.0) return std::partial_ordering::greater;
  double whole = std::floor(number);
  auto integer = static_cast<std::int64_t>(whole);
  if (a.integer() != integer) return a.integer() <=> integer;
  return whole < number ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

bool equals(const Value& a, const Value& b) {
  spend(1);
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.is_string() && b.is_string()) return a.text() == b.text();
  if ((a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple())) {
    return a.identity() == b.identity() ||
           std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), equals);
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().size() != b.dict().size()) return false;
    return std::all_of(a.dict().entries().begin(), a.dict().entries().end(), [&](const Dict::Entry& entry) {
      const Value* other = b.dict().find(entry.first);
      return other != nullptr && equals(entry.second, *other);
    });
  }
  if (a.is_object() && b.is_object()) return a.object().equals(b.object());
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

bool less(const Value& a, const Value& b, const char* symbol) {
  return compare_ordered(a, b, symbol, [](std::partial_ordering order) { return order < 0; });
}

bool less_or_equal(const Value& a, const Value& b, const char* symbol) {
  return compare_ordered(a, b, symbol, [](std::partial_ordering order) { return order <= 0; });
}

bool contains(const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) raise("'in <string>' requires string as left operand, not ", item.type_name());
    return find_text(container.text(), item.text()) != std::string::npos;
  }
  if (container.is_dict()) {
    if (!is_hashable(item)) raise("unhashable type: '", item.type_name(), "'");
    return container.dict().find(item) != nullptr;
  }
  auto iterator = try_iterate(container);
  if (!iterator) raise("argument of type '", container.type_name(), "' is not iterable");
  while (auto candidate = iterator->next()) {
    if (equals(*candidate, item)) return true;
  }
  return false;
}

Value apply(BinaryOperator op, const Value& a, const Value& b) {
  if (op == BinaryOperator::modulo && a.is_string()) return percent_format(a, b);
  if (a.is_undefined()) fail_undefined(a);
  if (b.is_undefined()) fail_undefined(b);
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
  fail_operands(symbol_of(op), a, b);
}

Value negate(const Value& value) {
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_integer()) return apply_integers(BinaryOperator::subtract, 0, value.integer());
  if (value.is_float()) return -value.number();
  raise("bad operand type for unary -: '", value.type_name(), "'");
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value);
  return out;
}

std::string to_text(const Value& value) {
  if (value.is_string()) return value.text();
  return value.is_undefined() ? "" : repr(value);
}

std::unique_ptr<Iterator> iterate_items(std::vector<Value> items) {
  return std::make_unique<ItemIterator>(Value::list(std::move(items)));
}

std::unique_ptr<Iterator> try_iterate(const Value& value) {
  if (value.is_sequence()) return std::make_unique<ItemIterator>(value);
  if (value.is_string()) return std::make_unique<CharacterIterator>(value);
  if (value.is_dict()) return std::make_unique<KeyIterator>(value);
  if (value.is_undefined()) return iterate_items({});
  return value.is_object() ? value.object().iterate() : nullptr;
}

std::unique_ptr<Iterator> iterate(const Value& value) {
  auto iterator = try_iterate(value);
  if (!iterator) raise("'", value.type_name(), "' object is not iterable");
  return iterator;
}

std::vector<Value> to_vector(const Value& value) {
  if (value.is_sequence()) return value.items();
  std::vector<Value> items;
  auto iterator = iterate(value);
  while (auto item = iterator->next()) {
    spend(1);
    if (items.size() % 1024 == 0) require_room(items.size() * sizeof(Value));
    items.push_back(std::move(*item));
  }
  return items;
}

std::optional<std::int64_t> length_of(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) return static_cast<std::int64_t>(value.text_length());
  if (value.is_sequence()) return static_cast<std::int64_t>(value.items().size());
  if (value.is_dict()) return static_cast<std::int64_t>(value.dict().size());
  return value.is_object() ? value.object().length() : std::nullopt;
}

std::optional<Value> own_attribute(const Value& value, const std::string& name) {
  if (name.starts_with("_")) return std::nullopt;
  return value.is_object() ? value.object().attribute(name) : find_method(value, name);
}

Value get_attribute(const Value& value, const std::string& name) {
  if (value.is_undefined()) fail_undefined(value);
  if (auto own = own_attribute(value, name)) return *own;
  if (auto item = subscript(value, Value(name))) return *item;
  return missing_member(value, Value(name));
}

Value get_item(const Value& value, const Value& key) {
  if (value.is_undefined()) fail_undefined(value);
  if (auto item = subscript(value, key)) return *item;
  if (key.is_string()) {
    if (auto own = own_attribute(value, key.text())) return *own;
  }
  return missing_member(value, key);
}

Value slice(const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_string() && !value.is_sequence() && value.as<Range>() == nullptr) {
    raise("'", value.type_name(), "' object cannot be sliced");
  }
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is_none() && !bound->is_integer()) raise("slice indices must be integers or None");
  }
  std::int64_t by = step.is_none() ? 1 : step.integer();
  if (by == 0) raise("slice step cannot be zero");
  by = std::max(by, -std::numeric_limits<std::int64_t>::max());
  std::int64_t size = *length_of(value);
  std::int64_t lowest = by < 0 ? -1 : 0, highest = by < 0 ? size - 1 : size;
  auto bound = [&](const Value& given, std::int64_t missing) {
    if (given.is_none()) return missing;
    std::int64_t at = given.integer();
    if (at < 0) at = at < -size ? -1 : at + size;
    return std::clamp(at, lowest, std::max(highest, lowest));
  };
  std::int64_t from = bound(start, by < 0 ? highest : lowest), to = bound(stop, by < 0 ? lowest : highest);
  if (const Range* range = value.as<Range>()) return range->slice(from, to, by);
  std::vector<std::int64_t> picked;
  auto take_all = [&](auto&& take) {
    std::int64_t count =
        by > 0 ? (to > from ? (to - from - 1) / by + 1 : 0) : (from > to ? (from - to - 1) / -by + 1 : 0);
    spend(static_cast<std::uint64_t>(count) / 8);
    for (std::int64_t i = 0; i < count; ++i) take(static_cast<std::size_t>(from + i * by));
  };
  if (value.is_string()) {
    std::u32string points, out;
    const std::string& text = value.text();
    std::string result;
    if (by == 1) {
      std::size_t first = byte_offset(text, static_cast<std::size_t>(from));
      result = to > from ? text.substr(first, byte_offset(std::string_view(text).substr(first),
                                                          static_cast<std::size_t>(to - from)))
                         : "";
    } else {
      points = to_code_points(text);
      take_all([&](std::size_t i) { out.push_back(points[i]); });
      result = to_utf8(out);
    }
    return value.is_markup() ? Value::markup(std::move(result)) : Value(std::move(result));
  }
  std::vector<Value> items;
  take_all([&](std::size_t i) { items.push_back(value.items()[i]); });
  return value.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

}  // namespace realizar::text::jinja
