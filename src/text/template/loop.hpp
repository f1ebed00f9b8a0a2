#pragma once

#include <memory>

#include "text/template/interpreter.hpp"

namespace realizar::text::jinja {

/// The variable `loop` of a for loop.
class LoopContext : public Object {
 public:
  /// `recursive` is the loop itself where it may be called with another iterable.
  LoopContext(const Value& iterable, unsigned depth, const For* recursive, ScopePtr outer);

  std::string type_name() const override { return "LoopContext"; }
  std::string repr() const override;
  std::optional<Value> attribute(const std::string& name) override;
  std::optional<std::int64_t> length() override;
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments arguments) override;
  unsigned depth() const override { return iterable_.depth() + 1; }

  std::optional<Value> advance();
  /// Forgets what `changed` saw, which may be the loop itself.
  void finish() { last_changed_.reset(); }

 private:
  const std::optional<Value>& peek();

  Value iterable_;
  std::unique_ptr<Iterator> items_;
  std::int64_t index_ = -1;
  std::optional<std::int64_t> length_;
  std::optional<Value> before_, current_, after_, last_changed_;
  unsigned nesting_;
  const For* recursive_;
  ScopePtr outer_;
};

/// A macro as a value.
Value make_macro(const MacroDefinition& definition, const ScopePtr& scope);

}  // namespace realizar::text::jinja
