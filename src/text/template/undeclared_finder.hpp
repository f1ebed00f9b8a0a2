#pragma once

#include <set>
#include <string>
#include <utility>

#include "text/template/syntax.hpp"

namespace realizar::text::jinja {

/// Finds which of some special names a body reads before it assigns them, in the order of jinja2's visitor.
class UndeclaredFinder {
 public:
  explicit UndeclaredFinder(std::set<std::string> names) : names_(std::move(names)) {}

  bool found(const std::string& name) const { return found_.count(name) > 0; }

  void visit(Expression& expression) {
    if (Name* name = expression.as<Name>()) return visit_name(name->name, name->context == NameContext::load);
    for_each_child(expression, [&](Expression& child) { visit(child); });
  }

  void visit(Body& body) {
    for (Statement& statement : body) std::visit([&](auto& node) { visit_statement(node); }, statement.node);
  }

 private:
  void visit_name(const std::string& name, bool is_load) {
    if (!is_load) {
      names_.erase(name);
    } else if (names_.count(name) > 0) {
      found_.insert(name);
    }
  }
  void visit(ExpressionPtr& expression) {
    if (expression) visit(*expression);
  }
  void visit(Expressions& expressions) {
    for (ExpressionPtr& expression : expressions) visit(expression);
  }

  void visit_statement(Output& node) { visit(node.parts); }
  void visit_statement(If& node) {
    for (auto& [test, body] : node.branches) visit(test), visit(body);
    visit(node.otherwise);
  }
  void visit_statement(For& node) {
    visit(node.target), visit(node.iterable), visit(node.body), visit(node.otherwise), visit(node.test);
  }
  void visit_definition(MacroDefinition& definition) {
    for (Parameter& parameter : definition.parameters) visit_name(parameter.name, false);
    for (Parameter& parameter : definition.parameters) visit(parameter.standard);
    visit(definition.body);
  }
  void visit_statement(Macro& node) { visit_definition(node.definition); }
  void visit_statement(CallBlock& node) { visit(node.call), visit_definition(node.definition); }
  void visit_statement(FilterBlock& node) { visit(node.body), visit(node.filter); }
  void visit_statement(With& node) { visit(node.targets), visit(node.values), visit(node.body); }
  void visit_statement(Assign& node) { visit(node.target), visit(node.value); }
  void visit_statement(AssignBlock& node) { visit(node.target), visit(node.filter), visit(node.body); }
  void visit_statement(Block&) {}
  void visit_statement(LoopControl&) {}
  void visit_statement(Unavailable& node) { visit(node.operand); }

  std::set<std::string> names_, found_;
};

}  // namespace realizar::text::jinja
