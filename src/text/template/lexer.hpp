#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

enum class TokenKind {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  string,
  number,
  op,
  end
};

struct Token {
  TokenKind kind;
  int line;
  std::string text;  ///< of data and strings: the contents, unescaped; of operators: the operator
  Value number = {};
};

/// A failure at a known line of the template.
struct FaultAtLine {
  Fault fault;
  int line;
};

template <class... Parts>
[[noreturn]] void raise_at(int line, const Parts&... parts) {
  throw FaultAtLine{{ErrorKind::invalid_template, concat(parts...)}, line};
}

/// Splits a template as jinja2 does with trim_blocks and lstrip_blocks; the last token is `end`.
std::vector<Token> tokenize(std::string_view source);

}  // namespace realizar::text::jinja
