#include "text/template/objects.hpp"
#include "text/template/operators.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

/// Goes through a value; `next_at` gives what stands at a place and moves the place on.
template <std::optional<Value> (*next_at)(const Value& value, std::size_t& at)>
class PlaceIterator : public Iterator {
 public:
  explicit PlaceIterator(Value value) : value_(std::move(value)) {}
  std::optional<Value> next() override { return next_at(value_, at_); }

 private:
  Value value_;
  std::size_t at_ = 0;
};

std::optional<Value> next_item(const Value& sequence, std::size_t& at) {
  if (at == sequence.items().size()) return std::nullopt;
  return sequence.items()[at++];
}

std::optional<Value> next_character(const Value& text, std::size_t& at) {
  if (at == text.text().size()) return std::nullopt;
  std::size_t start = at;
  next_code_point(text.text(), at);
  return Value(text.text().substr(start, at - start));
}

std::optional<Value> next_key(const Value& dict, std::size_t& at) {
  if (at == dict.dict().size()) return std::nullopt;
  return dict.dict().entries()[at++].first;
}

using ItemIterator = PlaceIterator<next_item>;
using CharacterIterator = PlaceIterator<next_character>;
using KeyIterator = PlaceIterator<next_key>;

}  // namespace

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

}  // namespace realizar::text::jinja
