#include "text/template/value.hpp"

#include <algorithm>
#include <functional>

#include "text/template/operators.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

constexpr std::size_t small_dict = 8;

unsigned checked_depth(unsigned inner) {
  if (inner >= max_value_depth) exceed("lists and dicts nest deeper than ", max_value_depth);
  return inner + 1;
}

unsigned deepest(const std::vector<Value>& items) {
  unsigned depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth;
}

/// Groups of keys that can compare equal.
int key_class(const Value& key) {
  if (key.is_number()) return 0;
  if (key.is_string()) return 1;
  if (key.is_tuple()) return 2;
  if (key.is_object()) return 3;
  return key.is_none() ? 4 : 5;
}

}  // namespace

Text::Text(std::string t, bool is_markup)
    : text(std::move(t)),
      length(count_code_points(text)),
      markup(is_markup),
      charge(sizeof(Text) + text.size()) {
  spend(text.size() / 64);
}

Sequence::Sequence(std::vector<Value> i, std::span<const std::string_view> n)
    : items(std::move(i)),
      names(n),
      depth(checked_depth(deepest(items))),
      charge(sizeof(Sequence) + items.size() * sizeof(Value)) {
  spend(items.size() / 8);
}

Value::Value(std::string text) : storage_(std::make_shared<const Text>(std::move(text))) {}

Value Value::none() {
  Value value;
  value.storage_ = None{};
  return value;
}

Value Value::undefined(std::string message) {
  Value value;
  value.storage_ = Undefined{std::make_shared<const std::string>(std::move(message))};
  return value;
}

Value Value::list(std::vector<Value> items) {
  Value value;
  value.storage_ = List{std::make_shared<const Sequence>(std::move(items))};
  return value;
}

Value Value::tuple(std::vector<Value> items) {
  Value value;
  value.storage_ = Tuple{std::make_shared<const Sequence>(std::move(items))};
  return value;
}

Value Value::named_tuple(std::vector<Value> items, std::span<const std::string_view> names) {
  Value value;
  value.storage_ = Tuple{std::make_shared<const Sequence>(std::move(items), names)};
  return value;
}

Value Value::markup(std::string text) {
  Value value;
  value.storage_ = std::make_shared<const Text>(std::move(text), true);
  return value;
}

bool Value::is_markup() const {
  return is_string() && std::get<std::shared_ptr<const Text>>(storage_)->markup;
}

std::int64_t Value::integer() const {
  return is_bool() ? std::int64_t{std::get<bool>(storage_)} : std::get<std::int64_t>(storage_);
}

double Value::number() const {
  return is_float() ? std::get<double>(storage_) : static_cast<double>(integer());
}

const std::string& Value::text() const { return std::get<std::shared_ptr<const Text>>(storage_)->text; }

std::size_t Value::text_length() const { return std::get<std::shared_ptr<const Text>>(storage_)->length; }

const std::vector<Value>& Value::items() const {
  return is_list() ? std::get<List>(storage_).sequence->items : std::get<Tuple>(storage_).sequence->items;
}

std::span<const std::string_view> Value::item_names() const {
  return std::get<Tuple>(storage_).sequence->names;
}

std::string Value::undefined_message() const {
  const auto& message = std::get<Undefined>(storage_).message;
  return message ? *message : "the value is undefined";
}

unsigned Value::depth() const {
  if (is_list()) return std::get<List>(storage_).sequence->depth;
  if (is_tuple()) return std::get<Tuple>(storage_).sequence->depth;
  if (is_dict()) return dict().depth();
  return is_object() ? object().depth() : 0;
}

const void* Value::identity() const {
  if (is_list()) return std::get<List>(storage_).sequence.get();
  if (is_tuple()) return std::get<Tuple>(storage_).sequence.get();
  if (is_dict()) return &dict();
  return is_object() ? &object() : nullptr;
}

std::string Value::type_name() const {
  static const char* const names[] = {"Undefined", "NoneType", "bool",  "int", "float",
                                      "str",       "list",     "tuple", "dict"};
  return is_object() ? object().type_name() : is_markup() ? "Markup" : names[storage_.index()];
}

bool KeyLess::operator()(const Value& a, const Value& b) const {
  spend(1);
  int class_a = key_class(a), class_b = key_class(b);
  if (class_a != class_b) return class_a < class_b;
  switch (class_a) {
    case 0:
      return compare_numbers(a, b) == std::partial_ordering::less;
    case 1:
      return a.text() < b.text();
    case 2:
      return std::lexicographical_compare(a.items().begin(), a.items().end(), b.items().begin(),
                                          b.items().end(), *this);
    case 3:
      return std::less<const void*>()(a.identity(), b.identity());
    default:
      return false;
  }
}

bool is_hashable(const Value& value) {
  if (value.is_list() || value.is_dict()) return false;
  if (!value.is_tuple()) return true;
  return std::all_of(value.items().begin(), value.items().end(), is_hashable);
}

std::optional<std::size_t> Dict::position(const Value& key) const {
  if (!index_.empty()) {
    auto found = index_.find(key);
    return found == index_.end() ? std::nullopt : std::optional(found->second);
  }
  KeyLess less;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!less(entries_[i].first, key) && !less(key, entries_[i].first)) return i;
  }
  return std::nullopt;
}

void Dict::set(const Value& key, const Value& value) {
  if (!is_hashable(key)) raise("unhashable type: '", key.type_name(), "'");
  depth_ = std::max({depth_, checked_depth(key.depth()), checked_depth(value.depth())});
  if (auto at = position(key)) {
    entries_[*at].second = value;
    return;
  }
  charge_.grow(2 * sizeof(Entry));
  entries_.emplace_back(key, value);
  if (!index_.empty()) {
    index_.emplace(key, entries_.size() - 1);
  } else if (entries_.size() > small_dict) {
    for (std::size_t i = 0; i < entries_.size(); ++i) index_.emplace(entries_[i].first, i);
  }
}

const Value* Dict::find(const Value& key) const {
  auto at = position(key);
  return at ? &entries_[*at].second : nullptr;
}

const Value* Dict::find_name(std::string_view key) const {
  if (!index_.empty()) return find(Value(key));
  for (const Entry& entry : entries_) {
    if (entry.first.is_string() && entry.first.text() == key) return &entry.second;
  }
  return nullptr;
}

Value make_dict(std::vector<Dict::Entry> entries) {
  auto dict = std::make_shared<Dict>();
  for (const Dict::Entry& entry : entries) dict->set(entry.first, entry.second);
  return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

std::optional<Value> Object::attribute(const std::string&) { return std::nullopt; }

std::optional<Value> Object::item(const Value&) { return std::nullopt; }

Value Object::call(Interpreter&, Arguments) { raise("'", type_name(), "' object is not callable"); }

}  // namespace realizar::text::jinja
