#include "text/template/loop.hpp"

namespace realizar::text::jinja {
namespace {

class MacroObject : public Object {
 public:
  MacroObject(const MacroDefinition& definition, ScopePtr scope)
      : definition_(definition), scope_(std::move(scope)) {}

  std::string type_name() const override { return "Macro"; }
  std::string repr() const override {
    return "<Macro " + (definition_.name.empty() ? "anonymous" : jinja::repr(Value(definition_.name))) + ">";
  }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments arguments) override {
    return interpreter.call_macro(definition_, scope_, std::move(arguments));
  }
  std::optional<Value> attribute(const std::string& name) override {
    if (name == "name") return definition_.name.empty() ? Value::none() : Value(definition_.name);
    if (name == "catch_kwargs") return Value(definition_.takes_keywords);
    if (name == "catch_varargs") return Value(definition_.takes_extra);
    if (name == "caller") return Value(definition_.takes_caller);
    if (name != "arguments") return std::nullopt;
    std::vector<Value> names;
    for (const Parameter& parameter : definition_.parameters) names.emplace_back(parameter.name);
    return Value::tuple(std::move(names));
  }

 private:
  const MacroDefinition& definition_;
  ScopePtr scope_;
};

}  // namespace

Value make_macro(const MacroDefinition& definition, const ScopePtr& scope) {
  return Value(std::shared_ptr<Object>(std::make_shared<MacroObject>(definition, scope)));
}

LoopContext::LoopContext(const Value& iterable, unsigned depth, const For* recursive, ScopePtr outer)
    : iterable_(iterable),
      items_(jinja::iterate(iterable)),
      nesting_(depth),
      recursive_(recursive),
      outer_(std::move(outer)) {
  if (iterable.depth() >= max_value_depth) exceed("loops over loops nest too deeply");
}

std::string LoopContext::repr() const {
  auto& self = const_cast<LoopContext&>(*this);
  return concat("<LoopContext ", index_ + 1, "/", *self.length(), ">");
}

std::optional<Value> LoopContext::advance() {
  std::optional<Value> item = after_ ? std::exchange(after_, std::nullopt) : items_->next();
  if (!item) return item;
  ++index_;
  before_ = std::exchange(current_, item);
  return item;
}

const std::optional<Value>& LoopContext::peek() {
  if (!after_) after_ = items_->next();
  return after_;
}

std::optional<std::int64_t> LoopContext::length() {
  if (!length_) length_ = length_of(iterable_);
  if (!length_) {
    std::vector<Value> rest;
    while (auto item = items_->next()) {
      spend(1);
      rest.push_back(std::move(*item));
    }
    length_ = static_cast<std::int64_t>(rest.size()) + index_ + 1 + (after_ ? 1 : 0);
    items_ = iterate_items(std::move(rest));
  }
  return length_;
}

std::optional<Value> LoopContext::attribute(const std::string& name) {
  if (name == "index") return Value(index_ + 1);
  if (name == "index0") return Value(index_);
  if (name == "first") return Value(index_ == 0);
  if (name == "last") return Value(!peek().has_value());
  if (name == "length") return Value(*length());
  if (name == "revindex") return Value(*length() - index_);
  if (name == "revindex0") return Value(*length() - index_ - 1);
  if (name == "depth") return Value(static_cast<std::int64_t>(nesting_) + 1);
  if (name == "depth0") return Value(static_cast<std::int64_t>(nesting_));
  if (name == "previtem") return index_ == 0 ? Value::undefined("there is no previous item") : *before_;
  if (name == "nextitem") return peek() ? *peek() : Value::undefined("there is no next item");
  auto self = std::static_pointer_cast<LoopContext>(shared_from_this());
  if (name == "cycle") {
    return make_function(
        name,
        [self](Interpreter&, Arguments& arguments) {
          if (!arguments.keyword.empty()) raise("loop.cycle takes no keyword arguments");
          if (arguments.positional.empty()) raise("no items for cycling given");
          return arguments.positional[static_cast<std::size_t>(self->index_) % arguments.positional.size()];
        },
        depth());
  }
  if (name == "changed") {
    return make_function(
        name,
        [self](Interpreter&, Arguments& arguments) {
          if (!arguments.keyword.empty()) raise("loop.changed takes no keyword arguments");
          Value now = Value::tuple(std::move(arguments.positional));
          if (self->last_changed_ && jinja::equals(*self->last_changed_, now)) return Value(false);
          self->last_changed_ = now;
          return Value(true);
        },
        depth());
  }
  return std::nullopt;
}

Value LoopContext::call(Interpreter& interpreter, Arguments arguments) {
  if (recursive_ == nullptr) raise("the loop must have the 'recursive' marker to be called recursively");
  if (arguments.positional.size() != 1 || !arguments.keyword.empty()) raise("loop() takes one iterable");
  return interpreter.run_recursive_loop(*recursive_, outer_, arguments.positional[0], nesting_ + 1);
}

}  // namespace realizar::text::jinja
