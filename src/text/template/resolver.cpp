#include "text/template/resolver.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "text/template/builtins.hpp"
#include "text/template/lexer.hpp"

namespace realizar::text::jinja {
namespace {

/// Copying of symbol tables at branches: enough for any template of a few thousand branches.
constexpr std::size_t max_copied_symbols = 20'000'000;

/// The names of one scope while it is analysed.
struct Symbols {
  /// What differs between the branches of an `if`.
  struct State {
    std::set<std::string> references, stores;
    std::map<unsigned, SlotLoad> loads;
  };

  explicit Symbols(Symbols* outer) : parent(outer) {}

  Symbols* parent;
  std::map<std::string, unsigned> slots;
  State state;

  std::optional<Reference> find(const std::string& name) const {
    unsigned hops = 0;
    for (const Symbols* scope = this; scope != nullptr; scope = scope->parent, ++hops) {
      if (scope->state.references.count(name) > 0) return Reference{hops, scope->slots.at(name)};
    }
    return std::nullopt;
  }

  unsigned define(const std::string& name, SlotLoad::Kind kind, Reference outer = {}) {
    unsigned slot = slots.emplace(name, static_cast<unsigned>(slots.size())).first->second;
    state.references.insert(name);
    state.loads[slot] = {slot, kind, name, outer};
    return slot;
  }

  void load(const std::string& name) {
    if (!find(name)) define(name, SlotLoad::resolve);
  }

  void store(const std::string& name) {
    state.stores.insert(name);
    if (state.references.count(name) == 0) define_from_outside(name, SlotLoad::undefined);
  }

  /// An alias of the outer variable of that name, or `otherwise` where there is none.
  void define_from_outside(const std::string& name, SlotLoad::Kind otherwise) {
    auto outer = parent == nullptr ? std::nullopt : parent->find(name);
    define(name, outer ? SlotLoad::alias : otherwise, outer.value_or(Reference{}));
  }

  unsigned parameter(const std::string& name) {
    state.stores.insert(name);
    return define(name, SlotLoad::parameter);
  }

  void merge_branches(std::vector<State> branches) {
    std::set<std::string> stored;
    for (const State& branch : branches) {
      for (const std::string& name : branch.stores) {
        if (state.stores.count(name) == 0) stored.insert(name);
      }
    }
    for (State& branch : branches) {
      state.references.merge(branch.references);
      state.stores.merge(branch.stores);
      for (auto& [slot, load] : branch.loads) state.loads[slot] = load;
    }
    for (const std::string& name : stored) define_from_outside(name, SlotLoad::resolve);
  }

  Layout layout() const {
    Layout result;
    result.names.resize(slots.size());
    for (const auto& [name, slot] : slots) result.names[slot] = name;
    for (const auto& [slot, load] : state.loads) result.loads.push_back(load);
    return result;
  }
};

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
  void visit_statement(LoopControl&) {}
  void visit_statement(Unavailable& node) { visit(node.operand); }

  std::set<std::string> names_, found_;
};

/// Collects the names of one scope; it stops at the scopes inside.
class ScopeAnalyser {
 public:
  ScopeAnalyser(Symbols& symbols, std::size_t& copied) : symbols_(symbols), copied_(copied) {}

  void visit(Expression& expression) {
    if (Name* name = expression.as<Name>()) {
      if (name->context == NameContext::load) return symbols_.load(name->name);
      if (name->context == NameContext::store) return symbols_.store(name->name);
      symbols_.parameter(name->name);
    } else if (auto* attribute = expression.as<NamespaceAttribute>()) {
      symbols_.load(attribute->name);
    } else {
      for_each_child(expression, [&](Expression& child) { visit(child); });
    }
  }
  void visit(const ExpressionPtr& expression) {
    if (expression) visit(*expression);
  }

  void visit(Body& body) {
    for (Statement& statement : body) std::visit([&](auto& node) { visit_statement(node); }, statement.node);
  }

 private:
  void visit_statement(Output& node) {
    for (ExpressionPtr& part : node.parts) visit(part);
  }
  void visit_statement(If& node) {
    visit(node.branches[0].first);
    std::vector<Symbols::State> branches;
    Symbols::State before = symbols_.state;
    auto branch = [&](auto&& visit_branch) {
      copied_ += before.references.size() + before.loads.size();
      if (copied_ > max_copied_symbols)
        throw Fault{ErrorKind::limit_exceeded, "the template has too many branches"};
      visit_branch();
      branches.push_back(std::exchange(symbols_.state, before));
    };
    branch([&] { visit(node.branches[0].second); });
    branch([&] {
      for (std::size_t i = 1; i < node.branches.size(); ++i) visit_elif(node.branches[i]);
    });
    branch([&] { visit(node.otherwise); });
    symbols_.merge_branches(std::move(branches));
  }
  /// An `elif` is an `if` of its own inside the second branch.
  void visit_elif(std::pair<ExpressionPtr, Body>& elif) {
    visit(elif.first);
    Symbols::State before = symbols_.state;
    copied_ += before.references.size() + before.loads.size();
    if (copied_ > max_copied_symbols)
      throw Fault{ErrorKind::limit_exceeded, "the template has too many branches"};
    visit(elif.second);
    std::vector<Symbols::State> branches;
    branches.push_back(std::exchange(symbols_.state, before));
    symbols_.merge_branches(std::move(branches));
  }
  void visit_statement(For& node) { visit(node.iterable); }
  void visit_statement(Macro& node) { symbols_.store(node.definition.name); }
  void visit_statement(CallBlock& node) { visit(node.call); }
  void visit_statement(FilterBlock& node) { visit(node.filter); }
  void visit_statement(With& node) {
    for (ExpressionPtr& value : node.values) visit(value);
  }
  void visit_statement(Assign& node) { visit(node.value), visit(node.target); }
  void visit_statement(AssignBlock& node) { visit(node.target); }
  void visit_statement(LoopControl&) {}
  void visit_statement(Unavailable& node) {
    visit(node.operand);
    for (const std::string& name : node.stores) symbols_.store(name);
  }

  Symbols& symbols_;
  std::size_t& copied_;
};

class Resolver {
 public:
  void run(Template& source) {
    Symbols symbols(nullptr);
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

  void analyse(Symbols& symbols, Body& body) { ScopeAnalyser(symbols, copied_).visit(body); }
  void analyse(Symbols& symbols, Expression& expression) {
    ScopeAnalyser(symbols, copied_).visit(expression);
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
    if constexpr (std::is_same_v<Node, FilterBlock> || std::is_same_v<Node, With>)
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

  std::size_t copied_ = 0;
  int line_ = 1;
};

}  // namespace

void resolve(Template& source) { Resolver().run(source); }

}  // namespace realizar::text::jinja
