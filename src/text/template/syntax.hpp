#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "text/template/operators.hpp"
#include "text/template/value.hpp"

namespace realizar::text::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPtr>;
using Body = std::vector<Statement>;

/// Where a name lives at run time: so many scopes outwards, then a slot.
struct Reference {
  unsigned hops = 0;
  unsigned slot = 0;
};

struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keyword;
  ExpressionPtr star, double_star;
};

struct Constant {
  Value value;
};
enum class NameContext { load, store, parameter };
struct Name {
  std::string name;
  NameContext context = NameContext::load;
  Reference reference = {};
};
struct NamespaceAttribute {  ///< ns.attribute as the target of an assignment
  std::string name, attribute;
  Reference reference = {};
};
struct TupleDisplay {
  Expressions items;
};
struct ListDisplay {
  Expressions items;
};
struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
struct Unary {
  char op;  ///< '+', '-' or '!' for `not`
  ExpressionPtr operand;
};
struct Binary {
  BinaryOperator op;
  ExpressionPtr left, right;
};
struct Logical {
  bool is_and;
  ExpressionPtr left, right;
};
struct Concatenation {
  Expressions parts;
};
enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
struct Compare {
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};
struct Conditional {
  ExpressionPtr test, when_true, when_false;  ///< when_false may be absent
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};
struct Subscript {
  ExpressionPtr object, key;
};
struct Slice {  ///< each may be absent
  ExpressionPtr start, stop, step;
};
struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExpressionPtr operand;  ///< absent: the text of the enclosing block
  std::string name;
  CallArguments arguments;
};
struct Test {
  ExpressionPtr operand;
  std::string name;
  CallArguments arguments;
};

struct Expression {
  int line;
  unsigned depth;  ///< height of the tree under it
  std::variant<Constant, Name, NamespaceAttribute, TupleDisplay, ListDisplay, DictDisplay, Unary, Binary,
               Logical, Concatenation, Compare, Conditional, Attribute, Subscript, Slice, Call, Filter, Test>
      node;

  template <class T>
  T* as() {
    return std::get_if<T>(&node);
  }
};

/// Calls `visit` with each expression directly under `expression`.
template <class Visit>
void for_each_child(Expression& expression, Visit visit) {
  auto one = [&](const ExpressionPtr& child) {
    if (child) visit(*child);
  };
  auto all = [&](const Expressions& children) {
    for (const ExpressionPtr& child : children) one(child);
  };
  auto arguments = [&](const CallArguments& call) {
    all(call.positional);
    for (const auto& [name, value] : call.keyword) one(value);
    one(call.star), one(call.double_star);
  };
  auto children = [&](auto& node) {
    using Node = std::decay_t<decltype(node)>;
    if constexpr (std::is_same_v<Node, TupleDisplay> || std::is_same_v<Node, ListDisplay>) {
      all(node.items);
    } else if constexpr (std::is_same_v<Node, DictDisplay>) {
      for (const auto& [key, value] : node.entries) one(key), one(value);
    } else if constexpr (std::is_same_v<Node, Unary>) {
      one(node.operand);
    } else if constexpr (std::is_same_v<Node, Binary> || std::is_same_v<Node, Logical>) {
      one(node.left), one(node.right);
    } else if constexpr (std::is_same_v<Node, Concatenation>) {
      all(node.parts);
    } else if constexpr (std::is_same_v<Node, Compare>) {
      one(node.first);
      for (const auto& [comparison, operand] : node.rest) one(operand);
    } else if constexpr (std::is_same_v<Node, Conditional>) {
      one(node.test), one(node.when_true), one(node.when_false);
    } else if constexpr (std::is_same_v<Node, Attribute>) {
      one(node.object);
    } else if constexpr (std::is_same_v<Node, Subscript>) {
      one(node.object), one(node.key);
    } else if constexpr (std::is_same_v<Node, Slice>) {
      one(node.start), one(node.stop), one(node.step);
    } else if constexpr (std::is_same_v<Node, Call>) {
      one(node.callee), arguments(node.arguments);
    } else if constexpr (std::is_same_v<Node, Filter> || std::is_same_v<Node, Test>) {
      one(node.operand), arguments(node.arguments);
    }
  };
  std::visit(children, expression.node);
}

/// What a slot holds when its scope is entered.
struct SlotLoad {
  enum Kind { parameter, resolve, alias, undefined };
  unsigned slot;
  Kind kind;
  std::string name;      ///< of resolve: looked up in the variables of the template
  Reference outer = {};  ///< of alias: counted from the enclosing scope
};

/// The slots of one scope.
struct Layout {
  std::vector<std::string> names;  ///< by slot
  std::vector<SlotLoad> loads;
};

struct Output {
  Expressions parts;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct For {
  ExpressionPtr target, iterable, test;
  Body body, otherwise;
  bool recursive = false;
  bool has_loop = false;  ///< the body asks for `loop`
  Reference loop = {};
  Layout layout, test_layout, otherwise_layout;
  ExpressionPtr test_target;  ///< the target again, in the scope of the test
};
struct Parameter {
  std::string name;
  ExpressionPtr standard;  ///< the default; may be absent
};
/// A macro, or the body of a call block, which its call sees as `caller`.
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  Layout layout;
  int line = 0;
  bool takes_caller = false, takes_keywords = false, takes_extra = false;
  unsigned caller_slot = 0, keywords_slot = 0, extra_slot = 0;
  std::vector<unsigned> parameter_slots;
};
struct Macro {
  MacroDefinition definition;
  Reference target = {};
};
struct CallBlock {
  MacroDefinition definition;
  ExpressionPtr call;  ///< absent for {% generation %}, which calls its body
};
struct FilterBlock {
  ExpressionPtr filter;
  Body body;
  Layout layout;
};
struct With {
  Expressions targets, values;
  Body body;
  Layout layout;
};
struct Assign {
  ExpressionPtr target, value;
};
struct AssignBlock {
  ExpressionPtr target, filter;  ///< filter may be absent
  Body body;
  Layout layout;
};
struct LoopControl {
  bool is_break;
};
/// {% block %} of a template that no other one extends: its body, in a scope that sees the variables of the
/// whole template and, where it is `scoped`, those around it.
struct Block {
  Body body;
  bool scoped = false;
  Layout layout;
};
/// A tag that needs other templates, which there are none of: fails when it is reached.
struct Unavailable {
  std::string tag;
  ExpressionPtr operand;
  std::vector<std::string> stores;
};

struct Statement {
  int line;
  std::variant<Output, If, For, Macro, CallBlock, FilterBlock, With, Assign, AssignBlock, LoopControl, Block,
               Unavailable>
      node;
};

struct Template {
  Body body;
  Layout layout;
};

}  // namespace realizar::text::jinja
