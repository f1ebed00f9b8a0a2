#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "text/template/sandbox.hpp"

namespace realizar::text::jinja {

class Dict;
class Object;
struct Sequence;
struct Text;

/// A Python value as templates see it: cheap to copy, and immutable but for a few objects (namespaces,
/// iterators).
class Value {
 public:
  struct Undefined {
    std::shared_ptr<const std::string> message;  ///< what an operation on it says; may be absent
  };
  struct None {};
  struct List {
    std::shared_ptr<const Sequence> sequence;
  };
  struct Tuple {
    std::shared_ptr<const Sequence> sequence;
  };

  Value() = default;  ///< undefined
  template <std::same_as<bool> T>
  Value(T boolean) : storage_(boolean) {}
  Value(std::int64_t integer) : storage_(integer) {}
  Value(int integer) : storage_(std::int64_t{integer}) {}
  Value(double number) : storage_(number) {}
  Value(std::string text);
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(std::shared_ptr<const Dict> dict) : storage_(std::move(dict)) {}
  Value(std::shared_ptr<Object> object) : storage_(std::move(object)) {}

  static Value none();
  static Value undefined(std::string message);
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  /// A tuple whose items are its attributes too, under names that outlive it.
  static Value named_tuple(std::vector<Value> items, std::span<const std::string_view> names);
  /// A string that HTML escaping leaves alone (markupsafe.Markup).
  static Value markup(std::string text);

  bool is_undefined() const { return holds<Undefined>(); }
  bool is_none() const { return holds<None>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_integer() const { return holds<std::int64_t>() || is_bool(); }
  bool is_float() const { return holds<double>(); }
  bool is_number() const { return is_integer() || is_float(); }
  bool is_string() const { return holds<std::shared_ptr<const Text>>(); }
  bool is_markup() const;
  bool is_list() const { return holds<List>(); }
  bool is_tuple() const { return holds<Tuple>(); }
  bool is_sequence() const { return is_list() || is_tuple(); }
  bool is_dict() const { return holds<std::shared_ptr<const Dict>>(); }
  bool is_object() const { return holds<std::shared_ptr<Object>>(); }

  // Each of these asks for the type that the caller has checked.
  std::int64_t integer() const;
  double number() const;  ///< of an integer or a float
  const std::string& text() const;
  std::size_t text_length() const;  ///< in code points
  const std::vector<Value>& items() const;
  std::span<const std::string_view> item_names() const;  ///< of a tuple; empty unless it is a named one
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(storage_); }
  Object& object() const { return *std::get<std::shared_ptr<Object>>(storage_); }
  const std::shared_ptr<Object>& shared_object() const { return std::get<std::shared_ptr<Object>>(storage_); }
  std::string undefined_message() const;

  /// The object as T, or nullptr when the value is something else.
  template <class T>
  T* as() const {
    auto* object = std::get_if<std::shared_ptr<Object>>(&storage_);
    return object == nullptr ? nullptr : dynamic_cast<T*>(object->get());
  }

  /// How deep lists and dicts nest in it: 0 for what holds no other value.
  unsigned depth() const;
  /// Where its contents live: two values with one identity are the same object.
  const void* identity() const;
  std::string type_name() const;

 private:
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(storage_);
  }

  std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const Text>, List, Tuple,
               std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      storage_;
};

/// The contents of a string.
struct Text {
  explicit Text(std::string text, bool markup = false);

  std::string text;
  std::size_t length;  ///< in code points
  bool markup;
  MemoryCharge charge;
};

/// The contents of a list or a tuple.
struct Sequence {
  explicit Sequence(std::vector<Value> items, std::span<const std::string_view> names = {});

  std::vector<Value> items;
  std::span<const std::string_view> names;
  unsigned depth;
  MemoryCharge charge;
};

/// Total order over the values that may be keys of a dict; equal keys (1, 1.0, true) are equivalent.
struct KeyLess {
  bool operator()(const Value& a, const Value& b) const;
};

/// A dict: entries in the order of their first insertion.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  Dict() : charge_(sizeof(Dict)) {}

  /// Adds or replaces an entry; fails when the key cannot be hashed. Only while the dict is being built.
  void set(const Value& key, const Value& value);
  const Value* find(const Value& key) const;
  const Value* find_name(std::string_view key) const;
  const std::vector<Entry>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  unsigned depth() const { return depth_; }

 private:
  std::optional<std::size_t> position(const Value& key) const;

  std::vector<Entry> entries_;
  std::map<Value, std::size_t, KeyLess> index_;  ///< only once there are many entries
  unsigned depth_ = 1;
  MemoryCharge charge_;
};

/// Builds a dict and hands it out.
Value make_dict(std::vector<Dict::Entry> entries);

/// Whether a dict can have it as a key.
bool is_hashable(const Value& value);

/// Yields values one at a time.
class Iterator {
 public:
  virtual ~Iterator() = default;
  /// The next value, or nothing at the end.
  virtual std::optional<Value> next() = 0;
};

/// Positional and keyword arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keyword;
};

class Interpreter;

/// Anything that is no plain data: functions, macros, namespaces, ranges, iterators.
class Object : public std::enable_shared_from_this<Object> {
 public:
  Object() : charge_(sizeof(Object) + 64) {}
  virtual ~Object() = default;

  virtual std::string type_name() const = 0;
  virtual std::string repr() const { return "<" + type_name() + " object>"; }
  virtual bool truth() const { return true; }
  virtual std::optional<Value> attribute(const std::string& name);
  virtual std::optional<std::int64_t> length() { return std::nullopt; }
  virtual std::unique_ptr<Iterator> iterate() { return nullptr; }  ///< nullptr: cannot be iterated
  virtual std::optional<Value> item(const Value& key);
  virtual bool equals(const Object& other) const { return this == &other; }
  virtual bool is_callable() const { return false; }
  virtual Value call(Interpreter& interpreter, Arguments arguments);
  virtual unsigned depth() const { return 0; }

 private:
  MemoryCharge charge_;
};

}  // namespace realizar::text::jinja
