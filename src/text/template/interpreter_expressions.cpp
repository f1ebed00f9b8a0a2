#include "text/template/interpreter_guards.hpp"

namespace realizar::text::jinja {

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
  require_defined(operand);
  if (operand.as<BigInteger>()) return operand;
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
  return apply_builtin(node, find_filter(node.name), "filter", scope);
}

Value Interpreter::evaluate_node(const Test& node, const ScopePtr& scope) {
  return apply_builtin(node, find_test(node.name), "test", scope);
}

template <class Node>
Value Interpreter::apply_builtin(const Node& node, Builtin builtin, const char* kind, const ScopePtr& scope) {
  int line = line_;
  Value operand = node.operand ? evaluate(node.operand, scope) : Value(*output_);
  Arguments arguments = evaluate_arguments(node.arguments, scope);
  arguments.positional.insert(arguments.positional.begin(), std::move(operand));
  line_ = line;
  if (builtin == nullptr) raise("no ", kind, " named '", node.name, "'");
  return builtin(*this, arguments);
}

}  // namespace realizar::text::jinja
