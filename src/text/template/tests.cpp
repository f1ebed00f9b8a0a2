#include <map>

#include "text/template/arguments.hpp"
#include "text/template/builtins.hpp"
#include "text/template/interpreter.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

/// A test of the value alone.
template <bool (*holds)(const Value&)>
Value one(Interpreter&, Arguments& a) {
  return holds(BoundArguments("test", a, {"value"}).get(0));
}

/// A test of the value against an argument.
template <bool (*holds)(const Value&, const Value&)>
Value two(Interpreter&, Arguments& a) {
  BoundArguments bound("test", a, {"value", "other"});
  return holds(bound.get(0), bound.get(1));
}

Value remainder(const Value& value, const Value& by) { return apply(BinaryOperator::modulo, value, by); }
bool is_divisible_by(const Value& value, const Value& by) { return equals(remainder(value, by), Value(0)); }
bool is_even(const Value& value) { return equals(remainder(value, Value(2)), Value(0)); }
bool is_odd(const Value& value) { return equals(remainder(value, Value(2)), Value(1)); }
bool is_defined(const Value& value) { return !value.is_undefined(); }
bool is_undefined(const Value& value) { return value.is_undefined(); }
bool is_none(const Value& value) { return value.is_none(); }
bool is_boolean(const Value& value) { return value.is_bool(); }
bool is_false(const Value& value) { return value.is_bool() && !truth(value); }
bool is_true(const Value& value) { return value.is_bool() && truth(value); }
bool is_integer(const Value& value) {
  return (value.is_integer() && !value.is_bool()) || value.as<BigInteger>() != nullptr;
}
bool is_float(const Value& value) { return value.is_float(); }
bool is_number(const Value& value) { return value.is_number() || value.as<BigInteger>() != nullptr; }
bool is_string(const Value& value) { return value.is_string(); }
bool is_mapping(const Value& value) { return value.is_dict(); }
bool is_escaped(const Value& value) { return value.is_markup(); }
bool is_iterable(const Value& value) { return try_iterate(value) != nullptr; }
bool is_callable(const Value& value) {
  return value.is_undefined() || (value.is_object() && value.object().is_callable());
}

bool is_sequence(const Value& value) {
  return value.is_string() || value.is_sequence() || value.is_dict() || value.is_undefined() ||
         value.as<Range>() != nullptr;
}

template <bool (*wanted)(std::uint32_t)>
bool has_case(const Value& value) {
  bool any = false;
  for (char32_t c : to_code_points(to_text(value))) {
    if (is_cased(c) && !wanted(c)) return false;
    any = any || wanted(c);
  }
  return any;
}

bool is_same(const Value& value, const Value& other) {
  if (value.identity() != nullptr || other.identity() != nullptr) return value.identity() == other.identity();
  return value.type_name() == other.type_name() && equals(value, other);
}

bool is_in(const Value& value, const Value& container) { return contains(container, value); }
bool is_filter(const Value& value) { return value.is_string() && find_filter(value.text()) != nullptr; }
bool is_test(const Value& value) { return value.is_string() && find_test(value.text()) != nullptr; }
bool differ(const Value& a, const Value& b) { return !equals(a, b); }
bool is_less(const Value& a, const Value& b) { return less(a, b); }
bool is_at_most(const Value& a, const Value& b) { return less_or_equal(a, b); }
bool is_greater(const Value& a, const Value& b) { return less(b, a, ">"); }
bool is_at_least(const Value& a, const Value& b) { return less_or_equal(b, a, ">="); }

const std::map<std::string_view, Builtin> tests = {{"odd", one<is_odd>},
                                                   {"even", one<is_even>},
                                                   {"divisibleby", two<is_divisible_by>},
                                                   {"defined", one<is_defined>},
                                                   {"undefined", one<is_undefined>},
                                                   {"filter", one<is_filter>},
                                                   {"test", one<is_test>},
                                                   {"none", one<is_none>},
                                                   {"boolean", one<is_boolean>},
                                                   {"false", one<is_false>},
                                                   {"true", one<is_true>},
                                                   {"integer", one<is_integer>},
                                                   {"float", one<is_float>},
                                                   {"lower", one<has_case<is_lowercase>>},
                                                   {"upper", one<has_case<is_uppercase>>},
                                                   {"string", one<is_string>},
                                                   {"mapping", one<is_mapping>},
                                                   {"number", one<is_number>},
                                                   {"sequence", one<is_sequence>},
                                                   {"iterable", one<is_iterable>},
                                                   {"callable", one<is_callable>},
                                                   {"sameas", two<is_same>},
                                                   {"escaped", one<is_escaped>},
                                                   {"in", two<is_in>},
                                                   {"==", two<equals>},
                                                   {"eq", two<equals>},
                                                   {"equalto", two<equals>},
                                                   {"!=", two<differ>},
                                                   {"ne", two<differ>},
                                                   {">", two<is_greater>},
                                                   {"gt", two<is_greater>},
                                                   {"greaterthan", two<is_greater>},
                                                   {"ge", two<is_at_least>},
                                                   {">=", two<is_at_least>},
                                                   {"<", two<is_less>},
                                                   {"lt", two<is_less>},
                                                   {"lessthan", two<is_less>},
                                                   {"<=", two<is_at_most>},
                                                   {"le", two<is_at_most>}};

}  // namespace

Builtin find_test(std::string_view name) {
  auto found = tests.find(name);
  return found == tests.end() ? nullptr : found->second;
}

}  // namespace realizar::text::jinja
