#include "text/template/objects.hpp"

#include <algorithm>

#include "text/template/numbers.hpp"

namespace realizar::text::jinja {
namespace {

template <class Next>
class CallbackIterator : public Iterator {
 public:
  explicit CallbackIterator(Next next) : next_(std::move(next)) {}
  std::optional<Value> next() override { return next_(); }

 private:
  Next next_;
};

template <class Next>
std::unique_ptr<Iterator> make_iterator(Next next) {
  return std::make_unique<CallbackIterator<Next>>(std::move(next));
}

std::shared_ptr<Object> keep(Object& object) { return object.shared_from_this(); }

}  // namespace

Value make_function(std::string name, Function::Body body, unsigned depth) {
  return Value(std::shared_ptr<Object>(std::make_shared<Function>(std::move(name), std::move(body), depth)));
}

bool BigInteger::equals(const Object& other) const {
  auto* integer = dynamic_cast<const BigInteger*>(&other);
  return integer != nullptr && integer->digits_ == digits_;
}

Value make_integer(std::string_view digits) {
  if (auto integer = parse_integer(digits, 10)) return *integer;
  const bool negative = digits.starts_with('-');
  digits.remove_prefix(std::min(digits.find_first_not_of("-0"), digits.size()));
  return Value(
      std::shared_ptr<Object>(std::make_shared<BigInteger>((negative ? "-" : "") + std::string(digits))));
}

std::string Range::repr() const {
  std::int64_t stop = at(count_);
  std::string text = concat("range(", start_, ", ", stop);
  return text + (step_ == 1 ? ")" : concat(", ", step_, ")"));
}

std::unique_ptr<Iterator> Range::iterate() {
  return make_iterator([self = keep(*this), this, i = std::int64_t{0}]() mutable -> std::optional<Value> {
    if (i == count_) return std::nullopt;
    return Value(at(i++));
  });
}

std::optional<Value> Range::item(const Value& key) {
  if (!key.is_integer()) return std::nullopt;
  std::int64_t index = key.integer() < 0 ? key.integer() + count_ : key.integer();
  if (index < 0 || index >= count_) return std::nullopt;
  return Value(at(index));
}

bool Range::equals(const Object& other) const {
  auto* range = dynamic_cast<const Range*>(&other);
  if (range == nullptr || range->count_ != count_) return false;
  return count_ == 0 || (start_ == range->start_ && (count_ == 1 || step_ == range->step_));
}

Value Range::slice(std::int64_t from, std::int64_t to, std::int64_t by) const {
  std::int64_t count =
      by > 0 ? (to > from ? (to - from - 1) / by + 1 : 0) : (from > to ? (from - to - 1) / -by + 1 : 0);
  return Value(
      std::shared_ptr<Object>(std::make_shared<Range>(at(from), count, count <= 1 ? step_ : step_ * by)));
}

Value make_range(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step == 0) raise("range() arg 3 must not be zero");
  // Unsigned differences do not overflow.
  auto distance = [](std::int64_t from, std::int64_t to) {
    return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  };
  std::uint64_t count = 0;
  if (step > 0 && stop > start) count = (distance(start, stop) - 1) / static_cast<std::uint64_t>(step) + 1;
  if (step < 0 && start > stop)
    count = (distance(stop, start) - 1) / (~static_cast<std::uint64_t>(step) + 1) + 1;
  if (count > static_cast<std::uint64_t>(max_range))
    raise("range too big: the sandbox blocks ranges longer than ", max_range);
  return Value(
      std::shared_ptr<Object>(std::make_shared<Range>(start, static_cast<std::int64_t>(count), step)));
}

std::string DictView::type_name() const {
  return kind_ == keys ? "dict_keys" : kind_ == values ? "dict_values" : "dict_items";
}

std::vector<Value> DictView::contents() const {
  std::vector<Value> result;
  for (const auto& [key, value] : dict_.dict().entries()) {
    result.push_back(kind_ == keys ? key : kind_ == values ? value : Value::tuple({key, value}));
  }
  return result;
}

bool DictView::equals(const Object& other) const {
  auto* view = dynamic_cast<const DictView*>(&other);
  if (this == &other) return true;
  if (view == nullptr || view->kind_ != kind_ || kind_ == values) return false;
  std::vector<Value> mine = contents(), theirs = view->contents();
  if (mine.size() != theirs.size()) return false;
  return std::all_of(mine.begin(), mine.end(), [&](const Value& item) {
    return std::any_of(theirs.begin(), theirs.end(),
                       [&](const Value& candidate) { return jinja::equals(item, candidate); });
  });
}

Generator::Generator(Next next, unsigned source_depth) : next_(std::move(next)), depth_(source_depth + 1) {
  if (depth_ > max_value_depth) exceed("generators nest deeper than ", max_value_depth);
}

std::unique_ptr<Iterator> Generator::iterate() {
  return make_iterator([self = keep(*this), this] { return next_(); });
}

Value make_generator(Generator::Next next, unsigned source_depth) {
  return Value(std::shared_ptr<Object>(std::make_shared<Generator>(std::move(next), source_depth)));
}

std::string Namespace::repr() const {
  // A namespace may hold itself: the guard ends what would never end.
  static thread_local unsigned nesting = 0;
  struct Guard {
    Guard() { ++nesting; }
    ~Guard() { --nesting; }
  } guard;
  if (nesting > 20) raise("namespaces nest too deeply to be printed");
  std::vector<Dict::Entry> entries;
  std::string text = "<Namespace {";
  for (const auto& [name, value] : attributes_) {
    if (text.back() != '{') text += ", ";
    text += jinja::repr(Value(name)) + ": " + jinja::repr(value);
  }
  return text + "}>";
}

std::optional<Value> Namespace::attribute(const std::string& name) {
  for (const auto& [key, value] : attributes_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

void Namespace::set(const std::string& name, Value value) {
  spend(attributes_.size() / 8);
  for (auto& [key, old] : attributes_) {
    if (key == name) return void(old = std::move(value));
  }
  attributes_.emplace_back(name, std::move(value));
}

std::optional<Value> Cycler::attribute(const std::string& name) {
  if (name == "current") return current();
  if (name == "items") return items_;
  if (name == "pos") return Value(static_cast<std::int64_t>(position_));
  auto self = std::static_pointer_cast<Cycler>(shared_from_this());
  if (name == "next") {
    return make_function(
        name,
        [self](Interpreter&, Arguments&) {
          Value value = self->current();
          self->position_ = (self->position_ + 1) % self->items_.items().size();
          return value;
        },
        depth());
  }
  if (name == "reset") {
    return make_function(
        name,
        [self](Interpreter&, Arguments&) {
          self->position_ = 0;
          return Value::none();
        },
        depth());
  }
  return std::nullopt;
}

Value Joiner::call(Interpreter&, Arguments arguments) {
  if (!arguments.positional.empty() || !arguments.keyword.empty()) raise("a joiner takes no arguments");
  return std::exchange(used_, true) ? separator_ : Value("");
}

std::optional<Value> Joiner::attribute(const std::string& name) {
  if (name == "sep") return separator_;
  return name == "used" ? std::optional(Value(used_)) : std::nullopt;
}

}  // namespace realizar::text::jinja
