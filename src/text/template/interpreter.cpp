#include "text/template/interpreter.hpp"

#include <algorithm>

#include "text/template/interpreter_guards.hpp"

namespace realizar::text::jinja {

Interpreter::~Interpreter() {
  std::vector<std::optional<Value>> dropped;
  for (const ScopePtr& scope : scopes_) {
    dropped.insert(dropped.end(), std::make_move_iterator(scope->slots.begin()),
                   std::make_move_iterator(scope->slots.end()));
    scope->slots.clear();
  }
  for (const auto& space : namespaces_) space->clear();
  dropped.clear();
}

void Interpreter::retain(ScopePtr scope) {
  for (; scope != nullptr && !scope->retained; scope = scope->parent) {
    scope->retained = true;
    scopes_.push_back(scope);
  }
}

std::string Interpreter::run(const Template& source) {
  Capture capture(*this);
  source_ = &source;
  whole_ = make_scope(source.layout, nullptr);
  retain(whole_);
  execute(source.body, whole_);
  return std::move(capture.text);
}

std::optional<Value> Interpreter::resolve(const std::string& name) const {
  const Value* value = variables_.find_name(name);
  return value != nullptr ? *value : find_global(name);
}

void Interpreter::enter(const Layout& layout, Scope& scope) {
  for (const SlotLoad& load : layout.loads) {
    std::optional<Value>& slot = scope.slots[load.slot];
    switch (load.kind) {
      case SlotLoad::parameter:
        break;
      case SlotLoad::undefined:
        slot.reset();
        break;
      case SlotLoad::alias:
        slot = slot_of(scope.parent, load.outer);
        break;
      case SlotLoad::resolve:
        slot = resolve(load.name);
    }
  }
}

ScopePtr Interpreter::make_scope(const Layout& layout, const ScopePtr& parent) {
  auto scope = std::make_shared<Scope>();
  scope->parent = parent;
  scope->slots.resize(layout.names.size());
  scope->charge.grow(layout.names.size() * sizeof(Value));
  enter(layout, *scope);
  return scope;
}

void Interpreter::write(const std::string& text) {
  output_charge_.grow(text.size());
  spend(text.size() / 64);
  *output_ += text;
}

std::string Interpreter::call_macro(const MacroDefinition& macro, const ScopePtr& outer,
                                    Arguments arguments) {
  Depth depth(*this);
  ScopePtr scope = make_scope(macro.layout, outer);
  auto take_keyword = [&](const std::string& name) -> std::optional<Value> {
    auto found = std::find_if(arguments.keyword.begin(), arguments.keyword.end(),
                              [&](const auto& keyword) { return keyword.first == name; });
    if (found == arguments.keyword.end()) return std::nullopt;
    std::optional<Value> value = std::move(found->second);
    arguments.keyword.erase(found);
    return value;
  };
  std::size_t given = std::min(arguments.positional.size(), macro.parameters.size());
  bool names_caller = false;
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    names_caller = names_caller || macro.parameters[i].name == "caller";
    scope->slots[macro.parameter_slots[i]] =
        i < given ? std::optional(arguments.positional[i]) : take_keyword(macro.parameters[i].name);
  }
  if (macro.takes_caller && !names_caller) {
    auto caller = take_keyword("caller");
    scope->slots[macro.caller_slot] =
        caller && !caller->is_none() ? *caller : Value::undefined("no caller defined");
  }
  if (macro.takes_keywords) {
    std::vector<Dict::Entry> entries;
    for (auto& [name, value] : arguments.keyword) entries.emplace_back(Value(name), std::move(value));
    scope->slots[macro.keywords_slot] = make_dict(std::move(entries));
  } else if (!arguments.keyword.empty()) {
    raise("macro '", macro.name, "' takes no keyword argument '", arguments.keyword[0].first, "'");
  }
  if (macro.takes_extra) {
    scope->slots[macro.extra_slot] =
        Value::tuple({arguments.positional.begin() + given, arguments.positional.end()});
  } else if (arguments.positional.size() > macro.parameters.size()) {
    raise("macro '", macro.name, "' takes not more than ", macro.parameters.size(), " argument(s)");
  }
  Capture capture(*this);
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    auto& slot = scope->slots[macro.parameter_slots[i]];
    if (slot) continue;
    const Parameter& parameter = macro.parameters[i];
    slot = parameter.standard ? evaluate(parameter.standard, scope)
                              : Value::undefined("parameter '" + parameter.name + "' was not provided");
  }
  int line = line_;
  execute(macro.body, scope);
  line_ = line;
  return std::move(capture.text);
}

Value Interpreter::call(const Value& callable, Arguments arguments) {
  require_defined(callable);
  if (!callable.is_object() || !callable.object().is_callable())
    raise("'", callable.type_name(), "' object is not callable");
  return callable.object().call(*this, std::move(arguments));
}

Value Interpreter::apply_filter(const Value& name, Arguments arguments) {
  Builtin filter = name.is_string() ? find_filter(name.text()) : nullptr;
  if (filter == nullptr) raise("no filter named ", repr(name));
  return filter(*this, arguments);
}

Value Interpreter::apply_test(const Value& name, Arguments arguments) {
  Builtin test = name.is_string() ? find_test(name.text()) : nullptr;
  if (test == nullptr) raise("no test named ", repr(name));
  return test(*this, arguments);
}

}  // namespace realizar::text::jinja
