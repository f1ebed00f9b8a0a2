#pragma once

#include <functional>
#include <utility>

#include "text/template/operators.hpp"
#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// A function of ours: a global, or a method bound to its value.
class Function : public Object {
 public:
  using Body = std::function<Value(Interpreter&, Arguments&)>;

  Function(std::string name, Body body, unsigned depth = 0)
      : name_(std::move(name)), body_(std::move(body)), depth_(depth) {}

  std::string type_name() const override { return "builtin_function_or_method"; }
  std::string repr() const override { return "<built-in function " + name_ + ">"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments arguments) override { return body_(interpreter, arguments); }
  unsigned depth() const override { return depth_; }

 private:
  std::string name_;
  Body body_;
  unsigned depth_;
};

Value make_function(std::string name, Function::Body body, unsigned depth = 0);

/// An integer that needs more than 64 bits, as its decimal digits: it can be printed, compared for equality
/// and negated; arithmetic with it fails.
class BigInteger : public Object {
 public:
  explicit BigInteger(std::string digits) : digits_(std::move(digits)) {}

  std::string type_name() const override { return "int"; }
  std::string repr() const override { return digits_; }
  bool equals(const Object& other) const override;

 private:
  std::string digits_;
};

/// The longest text of an integer, as Python has it.
inline constexpr std::size_t max_integer_digits = 4300;

/// The integer that a text of decimal digits, with a minus or without, stands for.
Value make_integer(std::string_view digits);

/// A range of integers, never materialised.
class Range : public Object {
 public:
  Range(std::int64_t start, std::int64_t count, std::int64_t step)
      : start_(start), count_(count), step_(step) {}

  std::string type_name() const override { return "range"; }
  std::string repr() const override;
  bool truth() const override { return count_ > 0; }
  std::optional<std::int64_t> length() override { return count_; }
  std::unique_ptr<Iterator> iterate() override;
  std::optional<Value> item(const Value& key) override;
  bool equals(const Object& other) const override;
  /// Unsigned arithmetic: the bound behind the last element may lie outside 64 bits.
  std::int64_t at(std::int64_t index) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(start_) +
                                     static_cast<std::uint64_t>(index) * static_cast<std::uint64_t>(step_));
  }
  /// The elements from, from + by, ... before `to`, which are in bounds.
  Value slice(std::int64_t from, std::int64_t to, std::int64_t by) const;

 private:
  std::int64_t start_, count_, step_;
};

/// range(start, stop, step); fails when it is longer than the sandbox allows.
Value make_range(std::int64_t start, std::int64_t stop, std::int64_t step);

/// What dict.keys(), .values() and .items() return.
class DictView : public Object {
 public:
  enum Kind { keys, values, items };
  DictView(Value dict, Kind kind) : dict_(std::move(dict)), kind_(kind) {}

  std::string type_name() const override;
  std::string repr() const override { return type_name() + "(" + jinja::repr(Value::list(contents())) + ")"; }
  bool truth() const override { return dict_.dict().size() > 0; }
  std::optional<std::int64_t> length() override { return static_cast<std::int64_t>(dict_.dict().size()); }
  std::unique_ptr<Iterator> iterate() override { return iterate_items(contents()); }
  bool equals(const Object& other) const override;
  unsigned depth() const override { return dict_.depth(); }
  std::vector<Value> contents() const;

 private:
  Value dict_;
  Kind kind_;
};

/// A Python generator: yields its values once.
class Generator : public Object {
 public:
  using Next = std::function<std::optional<Value>()>;

  /// `source_depth` is the depth of what it reads from.
  Generator(Next next, unsigned source_depth);

  std::string type_name() const override { return "generator"; }
  std::unique_ptr<Iterator> iterate() override;
  unsigned depth() const override { return depth_; }
  std::optional<Value> next() { return next_(); }

 private:
  Next next_;
  unsigned depth_;
};

Value make_generator(Generator::Next next, unsigned source_depth);

/// namespace(): the one thing whose attributes a template may set.
class Namespace : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  std::string repr() const override;
  std::optional<Value> attribute(const std::string& name) override;
  void set(const std::string& name, Value value);
  void clear() { attributes_.clear(); }

 private:
  std::vector<std::pair<std::string, Value>> attributes_;
};

/// cycler(a, b, ...)
class Cycler : public Object {
 public:
  explicit Cycler(std::vector<Value> items) : items_(Value::tuple(std::move(items))) {}
  std::string type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(const std::string& name) override;
  unsigned depth() const override { return items_.depth(); }

 private:
  const Value& current() const { return items_.items()[position_]; }
  Value items_;
  std::size_t position_ = 0;
};

/// joiner(separator): "" when first called, then the separator.
class Joiner : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter&, Arguments arguments) override;
  std::optional<Value> attribute(const std::string& name) override;
  unsigned depth() const override { return separator_.depth(); }

 private:
  Value separator_;
  bool used_ = false;
};

}  // namespace realizar::text::jinja
