#include "text/template/interpreter.hpp"

#include <algorithm>

#include "text/template/builtins.hpp"
#include "text/template/loop.hpp"

namespace realizar::text::jinja {
namespace {

Scope& at(const ScopePtr& scope, unsigned hops) {
  Scope* found = scope.get();
  for (; hops > 0; --hops) found = found->parent.get();
  return *found;
}

std::optional<Value>& slot_of(const ScopePtr& scope, Reference reference) {
  return at(scope, reference.hops).slots[reference.slot];
}

}  // namespace

/// One more evaluation inside another.
class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& interpreter) : depth_(interpreter.depth_) {
    spend(1);
    if (depth_ >= max_evaluation_depth) exceed("macros, loops and expressions nest too deeply while running");
    ++depth_;
  }
  ~Depth() { --depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  unsigned& depth_;
};

/// Collects what is written while it lives.
class Interpreter::Capture {
 public:
  explicit Capture(Interpreter& interpreter) : interpreter_(interpreter), previous_(interpreter.output_) {
    interpreter.output_ = &text;
  }
  ~Capture() { interpreter_.output_ = previous_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string text;

 private:
  Interpreter& interpreter_;
  std::string* previous_;
};

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
  ScopePtr scope = make_scope(source.layout, nullptr);
  retain(scope);
  execute(source.body, scope);
  return std::move(capture.text);
}

Value Interpreter::resolve(const std::string& name, bool& found) const {
  found = true;
  if (const Value* value = variables_.find_name(name)) return *value;
  auto global = find_global(name);
  found = global.has_value();
  return found ? *global : Value();
}

void Interpreter::enter(const Layout& layout, Scope& scope) {
  for (const SlotLoad& load : layout.loads) {
    std::optional<Value>& slot = scope.slots[load.slot];
    bool found = false;
    switch (load.kind) {
      case SlotLoad::parameter:
        break;
      case SlotLoad::undefined:
        slot.reset();
        break;
      case SlotLoad::alias:
        slot = slot_of(scope.parent, {load.outer.hops, load.outer.slot});
        break;
      case SlotLoad::resolve: {
        Value value = resolve(load.name, found);
        slot = found ? std::optional(std::move(value)) : std::nullopt;
      }
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

Interpreter::Flow Interpreter::execute(const Body& body, const ScopePtr& scope) {
  Depth depth(*this);
  for (const Statement& statement : body) {
    spend(1);
    line_ = statement.line;
    Flow flow = std::visit([&](const auto& node) { return run_statement(node, scope); }, statement.node);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const Output& node, const ScopePtr& scope) {
  for (const ExpressionPtr& part : node.parts) {
    if (const Constant* constant = std::get_if<Constant>(&part->node);
        constant && constant->value.is_string()) {
      write(constant->value.text());
    } else {
      write(to_text(evaluate(part, scope)));
    }
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const If& node, const ScopePtr& scope) {
  for (const auto& [test, body] : node.branches) {
    if (truth(evaluate(test, scope))) return execute(body, scope);
  }
  return execute(node.otherwise, scope);
}

Interpreter::Flow Interpreter::run_statement(const For& node, const ScopePtr& scope) {
  Value iterable = evaluate(node.iterable, scope);
  if (!node.recursive) return run_loop(node, scope, iterable, 0);
  retain(scope);
  write(run_recursive_loop(node, scope, iterable, 0));
  return Flow::normal;
}

std::string Interpreter::run_recursive_loop(const For& loop, const ScopePtr& outer, const Value& iterable,
                                            unsigned depth) {
  Capture capture(*this);
  run_loop(loop, outer, iterable, depth);
  return std::move(capture.text);
}

Interpreter::Flow Interpreter::run_loop(const For& node, const ScopePtr& outer, const Value& iterable,
                                        unsigned depth) {
  Depth level(*this);
  Value source = iterable;
  if (node.test) {
    auto items = std::shared_ptr<Iterator>(iterate(iterable));
    ScopePtr scope = make_scope(node.test_layout, outer);
    source = make_generator(
        [this, &node, items, scope]() -> std::optional<Value> {
          while (auto item = items->next()) {
            spend(1);
            assign(*node.test_target, *item, scope);
            if (truth(evaluate(node.test, scope))) return item;
          }
          return std::nullopt;
        },
        iterable.depth());
  }
  ScopePtr scope = make_scope(node.layout, outer);
  std::unique_ptr<Iterator> items;
  std::shared_ptr<LoopContext> loop;
  if (node.has_loop) {
    loop = std::make_shared<LoopContext>(source, depth, node.recursive ? &node : nullptr, outer);
  } else {
    items = iterate(source);
  }
  struct Finish {
    std::shared_ptr<LoopContext>& loop;
    ~Finish() {
      if (loop) loop->finish();
    }
  } finish{loop};
  bool completed_none = true;
  while (auto item = loop ? loop->advance() : items->next()) {
    spend(1);
    assign(*node.target, *item, scope);
    if (loop) slot_of(scope, node.loop) = Value(std::shared_ptr<Object>(loop));
    enter(node.layout, *scope);
    Flow flow = execute(node.body, scope);
    if (flow == Flow::break_loop) break;
    if (flow == Flow::normal) completed_none = false;  // as in jinja2, a `continue` does not count
  }
  for (auto& slot : scope->slots) slot.reset();
  if (!completed_none || node.otherwise.empty()) return Flow::normal;
  return execute(node.otherwise, make_scope(node.otherwise_layout, outer));
}

Interpreter::Flow Interpreter::run_statement(const Macro& node, const ScopePtr& scope) {
  retain(scope);
  slot_of(scope, node.target) = make_macro(node.definition, scope);
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const CallBlock& node, const ScopePtr& scope) {
  retain(scope);
  Value caller = make_macro(node.definition, scope);
  if (!node.call) {
    write(to_text(call(caller, {})));
    return Flow::normal;
  }
  const Call& target = std::get<Call>(node.call->node);
  Value callee = evaluate(target.callee, scope);
  Arguments arguments = evaluate_arguments(target.arguments, scope);
  for (const auto& [name, value] : arguments.keyword) {
    if (name == "caller") raise("keyword argument repeated: caller");
  }
  arguments.keyword.emplace_back("caller", caller);
  write(to_text(call(callee, std::move(arguments))));
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const FilterBlock& node, const ScopePtr& scope) {
  ScopePtr inside = make_scope(node.layout, scope);
  Value result;
  {
    Capture capture(*this);
    Flow flow = execute(node.body, inside);
    if (flow != Flow::normal) return flow;
    result = evaluate(node.filter, inside);
  }
  write(to_text(result));
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const With& node, const ScopePtr& scope) {
  ScopePtr inside = make_scope(node.layout, scope);
  for (std::size_t i = 0; i < node.targets.size(); ++i)
    assign(*node.targets[i], evaluate(node.values[i], scope), inside);
  return execute(node.body, inside);
}

Interpreter::Flow Interpreter::run_statement(const Assign& node, const ScopePtr& scope) {
  check_namespaces(*node.target, scope);
  assign(*node.target, evaluate(node.value, scope), scope);
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const AssignBlock& node, const ScopePtr& scope) {
  ScopePtr inside = make_scope(node.layout, scope);
  Value result;
  {
    Capture capture(*this);
    Flow flow = execute(node.body, inside);
    if (flow != Flow::normal) return flow;
    result = node.filter ? evaluate(node.filter, inside) : Value(std::move(capture.text));
  }
  assign(*node.target, result, scope);
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const LoopControl& node, const ScopePtr&) {
  return node.is_break ? Flow::break_loop : Flow::continue_loop;
}

Interpreter::Flow Interpreter::run_statement(const Unavailable& node, const ScopePtr&) {
  raise("'", node.tag, "' needs another template, and a chat template has none beside it");
}

void Interpreter::check_namespaces(const Expression& target, const ScopePtr& scope) {
  if (auto* attribute = std::get_if<NamespaceAttribute>(&target.node)) {
    const auto& slot = slot_of(scope, attribute->reference);
    if (!slot || slot->as<Namespace>() == nullptr) raise("cannot assign attribute on non-namespace object");
  } else if (auto* tuple = std::get_if<TupleDisplay>(&target.node)) {
    for (const ExpressionPtr& item : tuple->items) check_namespaces(*item, scope);
  }
}

void Interpreter::assign(const Expression& target, const Value& value, const ScopePtr& scope) {
  if (const Name* name = std::get_if<Name>(&target.node)) {
    slot_of(scope, name->reference) = value;
  } else if (auto* attribute = std::get_if<NamespaceAttribute>(&target.node)) {
    const auto& slot = slot_of(scope, attribute->reference);
    Namespace* space = slot ? slot->as<Namespace>() : nullptr;
    if (space == nullptr) raise("cannot assign attribute on non-namespace object");
    space->set(attribute->attribute, value);
  } else {
    const Expressions& targets = std::get<TupleDisplay>(target.node).items;
    auto items = iterate(value);
    std::vector<Value> values;
    while (values.size() <= targets.size()) {
      auto item = items->next();
      if (!item) break;
      values.push_back(std::move(*item));
    }
    if (values.size() != targets.size()) {
      raise(values.size() < targets.size() ? "not enough" : "too many", " values to unpack (expected ",
            targets.size(), ")");
    }
    for (std::size_t i = 0; i < targets.size(); ++i) assign(*targets[i], values[i], scope);
  }
}

std::string Interpreter::call_macro(const MacroDefinition& macro, const ScopePtr& outer,
                                    Arguments arguments) {
  Depth depth(*this);
  ScopePtr scope = make_scope(macro.layout, outer);
  auto take_keyword = [&](const std::string& name) -> std::optional<Value> {
    auto found = std::find_if(arguments.keyword.begin(), arguments.keyword.end(),
                              [&](const auto& keyword) { return keyword.first == name; });
    if (found == arguments.keyword.end()) return std::nullopt;
    Value value = std::move(found->second);
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
  if (callable.is_undefined()) raise(callable.undefined_message());
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

Value Interpreter::evaluate(const Expression& expression, const ScopePtr& scope) {
  Depth depth(*this);
  line_ = expression.line;
  return std::visit([&](const auto& node) { return evaluate_node(node, scope); }, expression.node);
}

std::vector<Value> Interpreter::evaluate_all(const Expressions& expressions, const ScopePtr& scope) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) values.push_back(evaluate(expression, scope));
  return values;
}

Arguments Interpreter::evaluate_arguments(const CallArguments& call, const ScopePtr& scope) {
  Arguments arguments{evaluate_all(call.positional, scope), {}};
  for (const auto& [name, value] : call.keyword) arguments.keyword.emplace_back(name, evaluate(value, scope));
  if (call.star) {
    std::vector<Value> more = to_vector(evaluate(call.star, scope));
    arguments.positional.insert(arguments.positional.end(), more.begin(), more.end());
  }
  if (call.double_star) {
    Value more = evaluate(call.double_star, scope);
    if (!more.is_dict()) raise("argument after ** must be a mapping, not ", more.type_name());
    for (const auto& [key, value] : more.dict().entries()) {
      if (!key.is_string()) raise("keywords must be strings");
      for (const auto& other : arguments.keyword) {
        if (other.first == key.text()) raise("got multiple values for keyword argument '", key.text(), "'");
      }
      arguments.keyword.emplace_back(key.text(), value);
    }
  }
  return arguments;
}

Value Interpreter::evaluate_node(const Constant& node, const ScopePtr&) { return node.value; }

Value Interpreter::evaluate_node(const Name& node, const ScopePtr& scope) {
  const auto& slot = slot_of(scope, node.reference);
  return slot ? *slot : Value::undefined("'" + node.name + "' is undefined");
}

Value Interpreter::evaluate_node(const NamespaceAttribute& node, const ScopePtr&) {
  raise("the namespace attribute '", node.attribute, "' stands where only an assignment may");
}

Value Interpreter::evaluate_node(const TupleDisplay& node, const ScopePtr& scope) {
  return Value::tuple(evaluate_all(node.items, scope));
}

Value Interpreter::evaluate_node(const ListDisplay& node, const ScopePtr& scope) {
  return Value::list(evaluate_all(node.items, scope));
}

Value Interpreter::evaluate_node(const DictDisplay& node, const ScopePtr& scope) {
  std::vector<Dict::Entry> entries;
  for (const auto& [key, value] : node.entries) {
    Value k = evaluate(key, scope);
    entries.emplace_back(std::move(k), evaluate(value, scope));
  }
  return make_dict(std::move(entries));
}

Value Interpreter::evaluate_node(const Unary& node, const ScopePtr& scope) {
  Value operand = evaluate(node.operand, scope);
  if (node.op == '!') return !truth(operand);
  if (node.op == '-') return negate(operand);
  if (operand.is_undefined()) raise(operand.undefined_message());
  if (!operand.is_number()) raise("bad operand type for unary +: '", operand.type_name(), "'");
  return operand.is_bool() ? Value(operand.integer()) : operand;
}

Value Interpreter::evaluate_node(const Binary& node, const ScopePtr& scope) {
  Value left = evaluate(node.left, scope), right = evaluate(node.right, scope);
  return apply(node.op, left, right);
}

Value Interpreter::evaluate_node(const Logical& node, const ScopePtr& scope) {
  Value left = evaluate(node.left, scope);
  return truth(left) == node.is_and ? evaluate(node.right, scope) : left;
}

Value Interpreter::evaluate_node(const Concatenation& node, const ScopePtr& scope) {
  std::string text;
  for (const ExpressionPtr& part : node.parts) {
    text += to_text(evaluate(part, scope));
    require_room(text.size());
  }
  return text;
}

Value Interpreter::evaluate_node(const Compare& node, const ScopePtr& scope) {
  Value left = evaluate(node.first, scope);
  for (const auto& [comparison, operand] : node.rest) {
    Value right = evaluate(operand, scope);
    bool holds = false;
    switch (comparison) {
      case Comparison::equal:
        holds = equals(left, right);
        break;
      case Comparison::not_equal:
        holds = !equals(left, right);
        break;
      case Comparison::less:
        holds = less(left, right);
        break;
      case Comparison::less_equal:
        holds = less_or_equal(left, right);
        break;
      case Comparison::greater:
        holds = less(right, left, ">");
        break;
      case Comparison::greater_equal:
        holds = less_or_equal(right, left, ">=");
        break;
      case Comparison::in:
        holds = contains(right, left);
        break;
      case Comparison::not_in:
        holds = !contains(right, left);
        break;
    }
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluate_node(const Conditional& node, const ScopePtr& scope) {
  if (truth(evaluate(node.test, scope))) return evaluate(node.when_true, scope);
  if (node.when_false) return evaluate(node.when_false, scope);
  return Value::undefined("the inline if-expression evaluated to false and no else section was defined");
}

Value Interpreter::evaluate_node(const Attribute& node, const ScopePtr& scope) {
  return get_attribute(evaluate(node.object, scope), node.name);
}

Value Interpreter::evaluate_node(const Subscript& node, const ScopePtr& scope) {
  Value object = evaluate(node.object, scope);
  const Slice* range = std::get_if<Slice>(&node.key->node);
  if (range == nullptr) return get_item(object, evaluate(node.key, scope));
  auto bound = [&](const ExpressionPtr& expression) {
    return expression ? evaluate(expression, scope) : Value::none();
  };
  Value start = bound(range->start), stop = bound(range->stop);
  return slice(object, start, stop, bound(range->step));
}

Value Interpreter::evaluate_node(const Slice&, const ScopePtr&) {
  raise("a slice cannot stand among several subscripts");
}

Value Interpreter::evaluate_node(const Call& node, const ScopePtr& scope) {
  Value callee = evaluate(node.callee, scope);
  int line = line_;
  Arguments arguments = evaluate_arguments(node.arguments, scope);
  line_ = line;
  return call(callee, std::move(arguments));
}

Value Interpreter::evaluate_node(const Filter& node, const ScopePtr& scope) {
  int line = line_;
  Arguments arguments;
  Value operand = node.operand ? evaluate(node.operand, scope) : Value(*output_);
  arguments = evaluate_arguments(node.arguments, scope);
  arguments.positional.insert(arguments.positional.begin(), std::move(operand));
  Builtin filter = find_filter(node.name);
  line_ = line;
  if (filter == nullptr) raise("no filter named '", node.name, "'");
  return filter(*this, arguments);
}

Value Interpreter::evaluate_node(const Test& node, const ScopePtr& scope) {
  int line = line_;
  Value operand = evaluate(node.operand, scope);
  Arguments arguments = evaluate_arguments(node.arguments, scope);
  arguments.positional.insert(arguments.positional.begin(), std::move(operand));
  Builtin test = find_test(node.name);
  line_ = line;
  if (test == nullptr) raise("no test named '", node.name, "'");
  return test(*this, arguments);
}

}  // namespace realizar::text::jinja
