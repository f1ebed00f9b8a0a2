#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "text/template/lexer.hpp"

namespace realizar::text::jinja {

using Words = std::initializer_list<std::string_view>;

/// A place among the tokens of a template, and what parsers ask of it.
class TokenCursor {
 protected:
  explicit TokenCursor(std::string_view source) : tokens_(tokenize(source)) {}

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    raise_at(current().line, parts...);
  }

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  bool is_op(std::string_view text) const {
    return current().kind == TokenKind::op && current().text == text;
  }
  bool is_name(std::string_view text) const {
    return current().kind == TokenKind::name && current().text == text;
  }
  bool is_any_name(Words words) const {
    return current().kind == TokenKind::name &&
           std::find(words.begin(), words.end(), current().text) != words.end();
  }
  bool skip_op(std::string_view text) { return is_op(text) && (take(), true); }
  bool skip_name(std::string_view text) { return is_name(text) && (take(), true); }

  std::string describe(const Token& token) const {
    switch (token.kind) {
      case TokenKind::end:
        return "end of template";
      case TokenKind::data:
        return "template data";
      case TokenKind::block_end:
        return "end of statement block";
      case TokenKind::variable_end:
        return "end of print statement";
      default:
        return "'" + token.text + "'";
    }
  }

  void expect_op(std::string_view text) {
    if (!skip_op(text)) fail("expected '", text, "', got ", describe(current()));
  }
  void expect_name(std::string_view text) {
    if (!skip_name(text)) fail("expected '", text, "', got ", describe(current()));
  }
  std::string expect_any_name() {
    if (current().kind != TokenKind::name) fail("expected a name, got ", describe(current()));
    return take().text;
  }
  void expect(TokenKind kind, const char* what) {
    if (current().kind != kind) fail("expected ", what, ", got ", describe(current()));
    take();
  }

  std::size_t place() const { return at_; }
  void return_to(std::size_t place) { at_ = place; }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace realizar::text::jinja
