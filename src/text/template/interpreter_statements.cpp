#include "text/template/interpreter_guards.hpp"
#include "text/template/loop.hpp"

namespace realizar::text::jinja {

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

template <class Block>
Interpreter::Flow Interpreter::run_captured(const Block& node, const ScopePtr& scope, Value& result) {
  ScopePtr inside = make_scope(node.layout, scope);
  Capture capture(*this);
  Flow flow = execute(node.body, inside);
  if (flow == Flow::normal)
    result = node.filter ? evaluate(node.filter, inside) : Value(std::move(capture.text));
  return flow;
}

Interpreter::Flow Interpreter::run_statement(const FilterBlock& node, const ScopePtr& scope) {
  Value result;
  Flow flow = run_captured(node, scope, result);
  if (flow == Flow::normal) write(to_text(result));
  return flow;
}

Interpreter::Flow Interpreter::run_statement(const With& node, const ScopePtr& scope) {
  ScopePtr inside = make_scope(node.layout, scope);
  for (std::size_t i = 0; i < node.targets.size(); ++i)
    assign(*node.targets[i], evaluate(node.values[i], scope), inside);
  return execute(node.body, inside);
}

Interpreter::Flow Interpreter::run_statement(const Block& node, const ScopePtr& scope) {
  // A block sees the variables given to the template where that assigns its own only later.
  for (const SlotLoad& load : source_->layout.loads) {
    std::optional<Value>& slot = whole_->slots[load.slot];
    if (load.kind == SlotLoad::undefined && !slot) slot = resolve(load.name);
  }
  return execute(node.body, make_scope(node.layout, node.scoped ? scope : whole_));
}

Interpreter::Flow Interpreter::run_statement(const Assign& node, const ScopePtr& scope) {
  check_namespaces(*node.target, scope);
  assign(*node.target, evaluate(node.value, scope), scope);
  return Flow::normal;
}

Interpreter::Flow Interpreter::run_statement(const AssignBlock& node, const ScopePtr& scope) {
  Value result;
  Flow flow = run_captured(node, scope, result);
  if (flow == Flow::normal) assign(*node.target, result, scope);
  return flow;
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

}  // namespace realizar::text::jinja
