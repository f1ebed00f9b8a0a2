#include <algorithm>

#include "text/case_mapping.hpp"
#include "text/template/arguments.hpp"
#include "text/template/filters/attribute_path.hpp"
#include "text/template/filters/tables.hpp"
#include "text/template/objects.hpp"

namespace realizar::text::jinja {
namespace {

/// What items are compared by.
Value key_of(const Value& value, bool case_sensitive) {
  return value.is_string() && !case_sensitive ? Value(to_lower(value.text())) : value;
}

/// A stable sort that fails where the comparison of two keys does.
std::vector<Value> sorted(const std::vector<Value>& items, const std::vector<Value>& keys, bool reverse) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return reverse ? less(keys[b], keys[a]) : less(keys[a], keys[b]);
  });
  std::vector<Value> out;
  for (std::size_t i : order) out.push_back(items[i]);
  return out;
}

Value dictsort(Interpreter&, Arguments& a) {
  BoundArguments bound("dictsort", a, {"value", "case_sensitive=", "by=", "reverse="});
  if (!bound.get(0).is_dict()) raise("dictsort needs a dict, not ", bound.get(0).type_name());
  Value by = bound.get(2, Value("key"));
  if (!by.is_string() || (by.text() != "key" && by.text() != "value"))
    raise("you can only sort by either \"key\" or \"value\"");
  std::vector<Value> items, keys;
  for (const auto& [key, value] : bound.get(0).dict().entries()) {
    items.push_back(Value::tuple({key, value}));
    const Value& sort_key = by.text() == "key" ? key : value;
    keys.push_back(key_of(sort_key, bound.boolean(1)));
  }
  return Value::list(sorted(items, keys, bound.boolean(3)));
}

template <bool maximum>
Value extreme(Interpreter&, Arguments& a) {
  BoundArguments bound("min", a, {"value", "case_sensitive=", "attribute="});
  AttributePath path(bound.get(2));
  std::optional<Value> best, best_key;
  auto iterator = iterate(bound.get(0));
  while (auto item = iterator->next()) {
    Value key = key_of(path(*item), bound.boolean(1));
    if (best && !(maximum ? less(*best_key, key, ">") : less(key, *best_key))) continue;
    best = item, best_key = key;
  }
  return best ? *best : Value::undefined("no aggregated item, sequence was empty");
}

Value groupby(Interpreter&, Arguments& a) {
  static constexpr std::string_view names[] = {"grouper", "list"};
  BoundArguments bound("groupby", a, {"value", "attribute", "default=", "case_sensitive="});
  AttributePath path(bound.get(1), bound.is_none(2) ? std::nullopt : std::optional(bound.get(2)));
  std::vector<Value> items = to_vector(bound.get(0)), keys;
  auto key = [&](const Value& item) { return key_of(path(item), bound.boolean(3)); };
  for (const Value& item : items) keys.push_back(key(item));
  items = sorted(items, keys, false);
  std::vector<Value> groups;
  for (std::size_t i = 0; i < items.size();) {
    std::vector<Value> members;
    Value shared = key(items[i]), shown = path(items[i]);
    for (; i < items.size() && equals(key(items[i]), shared); ++i) members.push_back(items[i]);
    groups.push_back(Value::named_tuple({shown, Value::list(std::move(members))}, names));
  }
  return Value::list(std::move(groups));
}

Value sort(Interpreter&, Arguments& a) {
  BoundArguments bound("sort", a, {"value", "reverse=", "case_sensitive=", "attribute="});
  std::vector<AttributePath> paths;
  Value attribute = bound.get(3);
  std::string_view text = attribute.is_string() ? std::string_view(attribute.text()) : "";
  while (attribute.is_string()) {
    std::size_t comma = text.find(',');
    paths.emplace_back(Value(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (paths.empty()) paths.emplace_back(attribute);
  std::vector<Value> all = to_vector(bound.get(0)), keys;
  for (const Value& item : all) {
    std::vector<Value> key;
    for (const AttributePath& path : paths) key.push_back(key_of(path(item), bound.boolean(2)));
    keys.push_back(Value::list(std::move(key)));
  }
  return Value::list(sorted(all, keys, bound.boolean(1)));
}

Value unique(Interpreter&, Arguments& a) {
  BoundArguments bound("unique", a, {"value", "case_sensitive=", "attribute="});
  auto iterator = std::shared_ptr<Iterator>(iterate(bound.get(0)));
  auto path = std::make_shared<AttributePath>(bound.get(2));
  auto seen = std::make_shared<Dict>();
  bool case_sensitive = bound.boolean(1);
  return make_generator(
      [=]() -> std::optional<Value> {
        while (auto item = iterator->next()) {
          Value key = key_of((*path)(*item), case_sensitive);
          if (is_hashable(key) && seen->find(key) != nullptr) continue;
          seen->set(key, Value::none());
          return item;
        }
        return std::nullopt;
      },
      bound.get(0).depth());
}

}  // namespace

std::span<const NamedFilter> ordering_filters() {
  static const NamedFilter filters[] = {{"dictsort", dictsort},  {"groupby", groupby}, {"max", extreme<true>},
                                        {"min", extreme<false>}, {"sort", sort},       {"unique", unique}};
  return filters;
}

}  // namespace realizar::text::jinja
