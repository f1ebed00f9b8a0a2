#include "text/template/resolver.hpp"

#include "text/template/builtins.hpp"
#include "text/template/lexer.hpp"
#include "text/template/symbols.hpp"
#include "text/template/undeclared_finder.hpp"

namespace realizar::text::jinja {
namespace {

class Resolver {
 public:
  void run(Template& source) {
    Symbols symbols(nullptr);
    whole_ = &symbols;
    analyse(symbols, source.body);
    Context context{&symbols};
    visit(source.body, context);
    source.layout = symbols.layout();
  }

 private:
  struct Context {
    Symbols* symbols;
    bool soft = false;  ///< under an `if`, where an unknown filter fails only when it is reached
    bool in_loop = false;
  };

  template <class Part>
  void analyse(Symbols& symbols, Part& part) {
    collect_names(symbols, part, copied_);
  }

  Reference reference(const std::string& name, const Context& context, int line) const {
    auto found = context.symbols->find(name);
    if (!found) raise_at(line, "the name '", name, "' cannot be used here");
    return *found;
  }

  void visit(Expression& expression, Context context) {
    int line = expression.line;
    if (Name* name = expression.as<Name>()) {
      name->reference = reference(name->name, context, line);
    } else if (auto* attribute = expression.as<NamespaceAttribute>()) {
      attribute->reference = reference(attribute->name, context, line);
    } else if (Filter* filter = expression.as<Filter>()) {
      if (!context.soft && find_filter(filter->name) == nullptr)
        raise_at(line, "no filter named '", filter->name, "'");
    } else if (Test* test = expression.as<Test>()) {
      if (!context.soft && find_test(test->name) == nullptr)
        raise_at(line, "no test named '", test->name, "'");
    } else if (expression.as<Conditional>() != nullptr) {
      context.soft = true;
    }
    for_each_child(expression, [&](Expression& child) { visit(child, context); });
  }
  void visit(const ExpressionPtr& expression, const Context& context) {
    if (expression) visit(*expression, context);
  }

  void visit(Body& body, const Context& context) {
    for (Statement& statement : body) {
      line_ = statement.line;
      std::visit([&](auto& node) { visit_statement(node, context); }, statement.node);
    }
  }

  void visit_statement(Output& node, const Context& context) {
    for (ExpressionPtr& part : node.parts) visit(part, context);
  }

  void visit_statement(If& node, Context context) {
    context.soft = true;
    for (auto& [test, body] : node.branches) visit(test, context), visit(body, context);
    visit(node.otherwise, context);
  }

  void visit_statement(For& node, const Context& context) {
    UndeclaredFinder finder({"loop"});
    finder.visit(node.body);
    node.has_loop = node.recursive || finder.found("loop");
    forbid_loop_target(*node.target);
    if (stores_loop(node.body) || stores_loop(node.otherwise))
      raise_at(line_, "can't assign to special loop variable");
    visit(node.iterable, context);

    Symbols symbols(context.symbols);
    if (node.has_loop) node.loop = {0, symbols.parameter("loop")};
    declare_targets(symbols, *node.target);
    analyse(symbols, node.body);
    Context inside{&symbols, false, true};
    visit(node.target, inside);
    visit(node.body, inside);
    node.layout = symbols.layout();

    if (node.test) {
      Symbols test_symbols(context.symbols);
      declare_targets(test_symbols, *node.test_target);
      analyse(test_symbols, *node.test);
      Context test_context{&test_symbols};
      visit(node.test_target, test_context);
      visit(node.test, test_context);
      node.test_layout = test_symbols.layout();
    }
    Symbols otherwise_symbols(context.symbols);
    analyse(otherwise_symbols, node.otherwise);
    visit(node.otherwise, {&otherwise_symbols, false, context.in_loop && !node.recursive});
    node.otherwise_layout = otherwise_symbols.layout();
  }

  void forbid_loop_target(Expression& target) {
    Name* name = target.as<Name>();
    if (name != nullptr && name->name == "loop")
      raise_at(target.line, "can't assign to special loop variable");
    for_each_child(target, [&](Expression& child) { forbid_loop_target(child); });
  }

  /// jinja2 refuses an assignment to `loop` anywhere inside a for loop.
  bool stores_loop(Body& body) {
    bool stores = false;
    for (Statement& statement : body) {
      std::visit([&](auto& node) { stores = stores || statement_stores_loop(node); }, statement.node);
    }
    return stores;
  }
  static bool is_loop_target(Expression& target) {
    Name* name = target.as<Name>();
    bool found = name != nullptr && name->context == NameContext::store && name->name == "loop";
    for_each_child(target, [&](Expression& child) { found = found || is_loop_target(child); });
    return found;
  }
  template <class Node>
  bool statement_stores_loop(Node& node) {
    if constexpr (std::is_same_v<Node, Assign>) return is_loop_target(*node.target);
    if constexpr (std::is_same_v<Node, AssignBlock>)
      return is_loop_target(*node.target) || stores_loop(node.body);
    if constexpr (std::is_same_v<Node, If>) {
      bool stores = stores_loop(node.otherwise);
      for (auto& branch : node.branches) stores = stores || stores_loop(branch.second);
      return stores;
    }
    if constexpr (std::is_same_v<Node, FilterBlock> || std::is_same_v<Node, With> ||
                  std::is_same_v<Node, Block>)
      return stores_loop(node.body);
    if constexpr (std::is_same_v<Node, Macro> || std::is_same_v<Node, CallBlock>)
      return stores_loop(node.definition.body);
    return false;  // a loop inside has been checked by itself
  }

  void declare_targets(Symbols& symbols, Expression& target) {
    if (Name* name = target.as<Name>()) symbols.parameter(name->name);
    for_each_child(target, [&](Expression& child) { declare_targets(symbols, child); });
  }

  void visit_definition(MacroDefinition& definition, const Context& context) {
    Symbols symbols(context.symbols);
    UndeclaredFinder finder({"caller", "kwargs", "varargs"});
    finder.visit(definition.body);
    const Parameter* explicit_caller = nullptr;
    bool names_keywords = false, names_extra = false;
    for (Parameter& parameter : definition.parameters) {
      definition.parameter_slots.push_back(symbols.parameter(parameter.name));
      if (parameter.name == "caller") explicit_caller = &parameter;
      names_keywords = names_keywords || parameter.name == "kwargs";
      names_extra = names_extra || parameter.name == "varargs";
    }
    for (Parameter& parameter : definition.parameters) {
      if (parameter.standard) analyse(symbols, *parameter.standard);
    }
    analyse(symbols, definition.body);
    definition.takes_caller = finder.found("caller");
    if (definition.takes_caller && explicit_caller == nullptr)
      definition.caller_slot = symbols.parameter("caller");
    if (definition.takes_caller && explicit_caller != nullptr && !explicit_caller->standard) {
      raise_at(definition.line, "the special \"caller\" argument must be omitted or be given a default");
    }
    definition.takes_keywords = finder.found("kwargs") && !names_keywords;
    if (definition.takes_keywords) definition.keywords_slot = symbols.parameter("kwargs");
    definition.takes_extra = finder.found("varargs") && !names_extra;
    if (definition.takes_extra) definition.extra_slot = symbols.parameter("varargs");
    Context inside{&symbols};
    for (Parameter& parameter : definition.parameters) visit(parameter.standard, inside);
    visit(definition.body, inside);
    definition.layout = symbols.layout();
  }

  void visit_statement(Macro& node, const Context& context) {
    visit_definition(node.definition, context);
    node.target = reference(node.definition.name, context, node.definition.line);
  }

  void visit_statement(CallBlock& node, const Context& context) {
    visit_definition(node.definition, context);
    visit(node.call, context);
  }

  void visit_statement(FilterBlock& node, const Context& context) {
    Symbols symbols(context.symbols);
    analyse(symbols, node.body);
    analyse(symbols, *node.filter);
    Context inside{&symbols, false, context.in_loop};
    visit(node.body, inside);
    visit(node.filter, inside);
    node.layout = symbols.layout();
  }

  void visit_statement(With& node, const Context& context) {
    Symbols symbols(context.symbols);
    for (ExpressionPtr& target : node.targets) declare_targets(symbols, *target);
    analyse(symbols, node.body);
    Context inside{&symbols, false, context.in_loop};
    for (ExpressionPtr& target : node.targets) visit(target, inside);
    for (ExpressionPtr& value : node.values) visit(value, context);
    visit(node.body, inside);
    node.layout = symbols.layout();
  }

  void visit_statement(Block& node, const Context& context) {
    Symbols symbols(node.scoped ? context.symbols : whole_);
    analyse(symbols, node.body);
    visit(node.body, {&symbols});
    node.layout = symbols.layout();
  }

  void visit_statement(Assign& node, const Context& context) {
    visit(node.target, context);
    visit(node.value, context);
  }

  void visit_statement(AssignBlock& node, const Context& context) {
    Symbols symbols(context.symbols);
    analyse(symbols, node.body);
    Context inside{&symbols, false, context.in_loop};
    visit(node.body, inside);
    visit(node.target, context);
    visit(node.filter, inside);
    node.layout = symbols.layout();
  }

  void visit_statement(LoopControl& node, const Context& context) {
    if (!context.in_loop)
      raise_at(line_, node.is_break ? "'break' outside loop" : "'continue' not in a loop");
  }

  void visit_statement(Unavailable& node, const Context& context) { visit(node.operand, context); }

  Symbols* whole_ = nullptr;  ///< of the template itself
  std::size_t copied_ = 0;
  int line_ = 1;
};

}  // namespace

void resolve(Template& source) { Resolver().run(source); }

}  // namespace realizar::text::jinja
