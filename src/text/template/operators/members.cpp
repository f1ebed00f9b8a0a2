#include <algorithm>
#include <limits>

#include "text/template/methods.hpp"
#include "text/template/operators.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

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

}  // namespace

std::optional<Value> own_attribute(const Value& value, const std::string& name) {
  if (name.starts_with("_")) return std::nullopt;
  if (value.is_tuple()) {
    const auto names = value.item_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return value.items()[static_cast<std::size_t>(found - names.begin())];
  }
  return value.is_object() ? value.object().attribute(name) : find_method(value, name);
}

Value get_attribute(const Value& value, const std::string& name) {
  require_defined(value);
  if (auto own = own_attribute(value, name)) return *own;
  if (auto item = subscript(value, Value(name))) return *item;
  return missing_member(value, Value(name));
}

Value get_item(const Value& value, const Value& key) {
  require_defined(value);
  if (auto item = subscript(value, key)) return *item;
  if (key.is_string()) {
    if (auto own = own_attribute(value, key.text())) return *own;
  }
  return missing_member(value, key);
}

Value slice(const Value& value, const Value& start, const Value& stop, const Value& step) {
  require_defined(value);
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
