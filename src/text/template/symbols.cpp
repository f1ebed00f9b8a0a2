#include "text/template/symbols.hpp"

namespace realizar::text::jinja {
namespace {

/// Copying of symbol tables at branches: enough for any template of a few thousand branches.
constexpr std::size_t max_copied_symbols = 20'000'000;

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
      count_copy(before);
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
    count_copy(before);
    visit(elif.second);
    std::vector<Symbols::State> branches;
    branches.push_back(std::exchange(symbols_.state, before));
    symbols_.merge_branches(std::move(branches));
  }
  void count_copy(const Symbols::State& state) {
    copied_ += state.references.size() + state.loads.size();
    if (copied_ > max_copied_symbols)
      throw Fault{ErrorKind::limit_exceeded, "the template has too many branches"};
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
  void visit_statement(Block&) {}
  void visit_statement(LoopControl&) {}
  void visit_statement(Unavailable& node) {
    visit(node.operand);
    for (const std::string& name : node.stores) symbols_.store(name);
  }

  Symbols& symbols_;
  std::size_t& copied_;
};

}  // namespace

void collect_names(Symbols& symbols, Body& body, std::size_t& copied) {
  ScopeAnalyser(symbols, copied).visit(body);
}

void collect_names(Symbols& symbols, Expression& expression, std::size_t& copied) {
  ScopeAnalyser(symbols, copied).visit(expression);
}

}  // namespace realizar::text::jinja
