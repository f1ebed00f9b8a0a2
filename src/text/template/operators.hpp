#pragma once

#include <compare>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

// What Python's operators and built-in functions do with values; each fails where Python raises.

enum class BinaryOperator { add, subtract, multiply, divide, floor_divide, modulo, power };

inline void require_defined(const Value& value) {
  if (value.is_undefined()) raise(value.undefined_message());
}

/// Fails for an integer that needs more than 64 bits, with which nothing can be computed.
void require_small(const Value& value);

bool truth(const Value& value);
bool equals(const Value& a, const Value& b);
bool less(const Value& a, const Value& b, const char* symbol = "<");
bool less_or_equal(const Value& a, const Value& b, const char* symbol = "<=");
std::partial_ordering compare_numbers(const Value& a, const Value& b);
bool contains(const Value& container, const Value& item);

Value apply(BinaryOperator op, const Value& a, const Value& b);
Value negate(const Value& value);

std::string to_text(const Value& value);  ///< str(value)
std::string repr(const Value& value);

std::unique_ptr<Iterator> try_iterate(const Value& value);  ///< nullptr when it cannot be iterated
std::unique_ptr<Iterator> iterate(const Value& value);
std::vector<Value> to_vector(const Value& value);
std::optional<std::int64_t> length_of(const Value& value);

/// value.name and value[key] of a template: undefined when there is nothing of that name.
Value get_attribute(const Value& value, const std::string& name);
Value get_item(const Value& value, const Value& key);
/// value[start:stop:step], each bound an integer or none.
Value slice(const Value& value, const Value& start, const Value& stop, const Value& step);

/// The attribute that the Python type of `value` has by itself, methods among them.
std::optional<Value> own_attribute(const Value& value, const std::string& name);

/// Iterates over a copy of `items`.
std::unique_ptr<Iterator> iterate_items(std::vector<Value> items);

}  // namespace realizar::text::jinja
