#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "text/template/syntax.hpp"
#include "text/template/token_cursor.hpp"

namespace realizar::text::jinja {

/// Parses expressions and the targets of assignments.
class ExpressionParser : public TokenCursor {
 protected:
  using TokenCursor::TokenCursor;

  /// Counts the nesting of what is being parsed, so that no input can exhaust the stack.
  class Level {
   public:
    explicit Level(ExpressionParser& parser) : depth_(parser.depth_) {
      if (++depth_ > max_syntax_depth)
        parser.fail("the template nests deeper than ", max_syntax_depth, " levels");
    }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    unsigned& depth_;
  };

  ExpressionPtr parse_expression();
  /// One expression, or several separated by commas as a tuple; `simplified` reads names and literals only.
  ExpressionPtr parse_tuple(bool with_conditional = true, Words end_words = {}, bool in_parentheses = false,
                            bool simplified = false, bool with_namespace = false);
  /// What stands behind `node |`, or behind `filter` when the first comes without its bar.
  ExpressionPtr parse_filters(ExpressionPtr node, bool first_without_pipe);
  std::string parse_name_target();
  ExpressionPtr parse_target(Words end_words, bool with_namespace);

  template <class Node>
  ExpressionPtr make(int line, Node node) const {
    auto expression = std::make_unique<Expression>(Expression{line, 1, std::move(node)});
    for_each_child(*expression, [&](Expression& child) {
      expression->depth = std::max(expression->depth, child.depth + 1);
    });
    if (expression->depth > max_expression_depth)
      fail("an expression nests deeper than ", max_expression_depth, " levels");
    return expression;
  }

 private:
  static bool is_reserved(std::string_view name);
  bool make_store(Expression& target) const;
  bool at_tuple_end(Words end_words) const;

  // From the loosest operator to the tightest.
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  std::optional<Comparison> take_comparison();
  ExpressionPtr parse_compare();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters);

  ExpressionPtr parse_primary(bool with_namespace);
  ExpressionPtr parse_name(bool with_namespace);
  Expressions parse_items(std::string_view close);
  ExpressionPtr parse_dict(int line);

  ExpressionPtr parse_postfix(ExpressionPtr node);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr node);
  ExpressionPtr parse_subscript(ExpressionPtr object);
  ExpressionPtr parse_slice_or_expression();
  CallArguments parse_call_arguments();
  ExpressionPtr parse_call(ExpressionPtr callee);
  std::string parse_dotted_name();
  ExpressionPtr parse_test(ExpressionPtr operand);

  unsigned depth_ = 0;
};

}  // namespace realizar::text::jinja
