#include <algorithm>
#include <cmath>

#include "text/template/operators.hpp"
#include "text/template/text_search.hpp"

namespace realizar::text::jinja {
namespace {

template <class Compare>
bool compare_ordered(const Value& a, const Value& b, const char* symbol, Compare compare) {
  spend(1);
  require_defined(a);
  require_defined(b);
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
  require_small(a);
  require_small(b);
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

}  // namespace realizar::text::jinja
