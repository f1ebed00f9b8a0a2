#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/template/builtins.hpp"
#include "text/template/clock.hpp"
#include "text/template/objects.hpp"
#include "text/template/syntax.hpp"

namespace realizar::text::jinja {

/// The variables of one activation of a scope; an empty slot is a name without a value.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::optional<Value>> slots;
  bool retained = false;
  MemoryCharge charge{sizeof(Scope)};
};
using ScopePtr = std::shared_ptr<Scope>;

/// Runs one template once.
class Interpreter {
 public:
  Interpreter(const Dict& variables, const LocalTime& now) : variables_(variables), now_(now) {}
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  std::string run(const Template& source);

  /// Calls `callable` as a template does.
  Value call(const Value& callable, Arguments arguments);
  Value apply_filter(const Value& name, Arguments arguments);
  Value apply_test(const Value& name, Arguments arguments);

  const LocalTime& now() const { return now_; }
  /// The line being evaluated.
  int line() const { return line_; }

  /// Keeps a scope or a namespace until the end of the run, when what it holds is dropped: this breaks the
  /// cycles that macros and namespaces can make.
  void retain(ScopePtr scope);
  void retain(std::shared_ptr<Namespace> space) { namespaces_.push_back(std::move(space)); }

  std::string call_macro(const MacroDefinition& macro, const ScopePtr& outer, Arguments arguments);
  std::string run_recursive_loop(const For& loop, const ScopePtr& outer, const Value& iterable,
                                 unsigned depth);

 private:
  enum class Flow { normal, break_loop, continue_loop };
  class Depth;
  class Capture;

  void enter(const Layout& layout, Scope& scope);
  ScopePtr make_scope(const Layout& layout, const ScopePtr& parent);
  /// The variable or global function of that name.
  std::optional<Value> resolve(const std::string& name) const;

  Flow execute(const Body& body, const ScopePtr& scope);
  Flow run_statement(const Output& node, const ScopePtr& scope);
  Flow run_statement(const If& node, const ScopePtr& scope);
  Flow run_statement(const For& node, const ScopePtr& scope);
  Flow run_statement(const Macro& node, const ScopePtr& scope);
  Flow run_statement(const CallBlock& node, const ScopePtr& scope);
  Flow run_statement(const FilterBlock& node, const ScopePtr& scope);
  Flow run_statement(const With& node, const ScopePtr& scope);
  Flow run_statement(const Assign& node, const ScopePtr& scope);
  Flow run_statement(const AssignBlock& node, const ScopePtr& scope);
  Flow run_statement(const Block& node, const ScopePtr& scope);
  Flow run_statement(const LoopControl& node, const ScopePtr& scope);
  Flow run_statement(const Unavailable& node, const ScopePtr& scope);
  /// Runs the body of a block; `result` is what it wrote, through the block's filter if it has one.
  template <class Block>
  Flow run_captured(const Block& node, const ScopePtr& scope, Value& result);
  Flow run_loop(const For& node, const ScopePtr& outer, const Value& iterable, unsigned depth);

  void assign(const Expression& target, const Value& value, const ScopePtr& scope);
  void check_namespaces(const Expression& target, const ScopePtr& scope);
  void write(const std::string& text);

  Value evaluate(const Expression& expression, const ScopePtr& scope);
  Value evaluate(const ExpressionPtr& expression, const ScopePtr& scope) {
    return evaluate(*expression, scope);
  }
  std::vector<Value> evaluate_all(const Expressions& expressions, const ScopePtr& scope);
  Arguments evaluate_arguments(const CallArguments& call, const ScopePtr& scope);
  Value evaluate_node(const Constant& node, const ScopePtr& scope);
  Value evaluate_node(const Name& node, const ScopePtr& scope);
  Value evaluate_node(const NamespaceAttribute& node, const ScopePtr& scope);
  Value evaluate_node(const TupleDisplay& node, const ScopePtr& scope);
  Value evaluate_node(const ListDisplay& node, const ScopePtr& scope);
  Value evaluate_node(const DictDisplay& node, const ScopePtr& scope);
  Value evaluate_node(const Unary& node, const ScopePtr& scope);
  Value evaluate_node(const Binary& node, const ScopePtr& scope);
  Value evaluate_node(const Logical& node, const ScopePtr& scope);
  Value evaluate_node(const Concatenation& node, const ScopePtr& scope);
  Value evaluate_node(const Compare& node, const ScopePtr& scope);
  Value evaluate_node(const Conditional& node, const ScopePtr& scope);
  Value evaluate_node(const Attribute& node, const ScopePtr& scope);
  Value evaluate_node(const Subscript& node, const ScopePtr& scope);
  Value evaluate_node(const Slice& node, const ScopePtr& scope);
  Value evaluate_node(const Call& node, const ScopePtr& scope);
  Value evaluate_node(const Filter& node, const ScopePtr& scope);
  Value evaluate_node(const Test& node, const ScopePtr& scope);
  /// What a filter or test makes of its operand; fails when `builtin` is nullptr.
  template <class Node>
  Value apply_builtin(const Node& node, Builtin builtin, const char* kind, const ScopePtr& scope);

  const Dict& variables_;
  LocalTime now_;
  const Template* source_ = nullptr;
  ScopePtr whole_;  ///< the scope of the template itself
  std::string* output_ = nullptr;
  MemoryCharge output_charge_{0};
  int line_ = 1;
  unsigned depth_ = 0;
  std::vector<ScopePtr> scopes_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
};

}  // namespace realizar::text::jinja
