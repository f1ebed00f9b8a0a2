#include "text/template/expression_parser.hpp"

#include <algorithm>

namespace realizar::text::jinja {

// Targets of assignments.

bool ExpressionParser::is_reserved(std::string_view name) {
  return name == "true" || name == "false" || name == "none" || name == "True" || name == "False" ||
         name == "None";
}

std::string ExpressionParser::parse_name_target() {
  std::string name = expect_any_name();
  if (is_reserved(name)) fail("can't assign to '", name, "'");
  return name;
}

ExpressionPtr ExpressionParser::parse_target(Words end_words, bool with_namespace) {
  int line = current().line;
  ExpressionPtr target = parse_tuple(true, end_words, false, true, with_namespace);
  if (!make_store(*target)) raise_at(line, "can't assign to this expression");
  return target;
}

bool ExpressionParser::make_store(Expression& target) const {
  if (Name* name = target.as<Name>()) {
    name->context = NameContext::store;
    return true;
  }
  if (target.as<NamespaceAttribute>() != nullptr) return true;
  TupleDisplay* tuple = target.as<TupleDisplay>();
  return tuple != nullptr && std::all_of(tuple->items.begin(), tuple->items.end(),
                                         [&](ExpressionPtr& item) { return make_store(*item); });
}

// Expressions, from the loosest operator to the tightest.

bool ExpressionParser::at_tuple_end(Words end_words) const {
  return current().kind == TokenKind::variable_end || current().kind == TokenKind::block_end || is_op(")") ||
         is_any_name(end_words);
}

ExpressionPtr ExpressionParser::parse_tuple(bool with_conditional, Words end_words, bool in_parentheses,
                                            bool simplified, bool with_namespace) {
  int line = current().line;
  Expressions items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) expect_op(",");
    if (at_tuple_end(end_words)) break;
    items.push_back(simplified         ? parse_primary(with_namespace)
                    : with_conditional ? parse_expression()
                                       : parse_or());
    if (!is_op(",")) break;
    is_tuple = true;
  }
  if (!is_tuple) {
    if (!items.empty()) return std::move(items[0]);
    if (!in_parentheses) fail("expected an expression, got ", describe(current()));
  }
  return make(line, TupleDisplay{std::move(items)});
}

ExpressionPtr ExpressionParser::parse_expression() {
  Level level(*this);
  int line = current().line;
  ExpressionPtr value = parse_or();
  while (skip_name("if")) {
    ExpressionPtr test = parse_or();
    ExpressionPtr otherwise = skip_name("else") ? parse_expression() : nullptr;
    value = make(line, Conditional{std::move(test), std::move(value), std::move(otherwise)});
  }
  return value;
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr left = parse_and();
  for (int line = current().line; skip_name("or"); line = current().line) {
    left = make(line, Logical{false, std::move(left), parse_and()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  for (int line = current().line; skip_name("and"); line = current().line) {
    left = make(line, Logical{true, std::move(left), parse_not()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!is_name("not")) return parse_compare();
  Level level(*this);
  int line = take().line;
  return make(line, Unary{'!', parse_not()});
}

std::optional<Comparison> ExpressionParser::take_comparison() {
  static const std::pair<std::string_view, Comparison> symbols[] = {
      {"==", Comparison::equal},      {"!=", Comparison::not_equal}, {"<", Comparison::less},
      {"<=", Comparison::less_equal}, {">", Comparison::greater},    {">=", Comparison::greater_equal}};
  for (const auto& [symbol, comparison] : symbols) {
    if (skip_op(symbol)) return comparison;
  }
  if (skip_name("in")) return Comparison::in;
  if (!is_name("not") || ahead().kind != TokenKind::name || ahead().text != "in") return std::nullopt;
  take();
  take();
  return Comparison::not_in;
}

ExpressionPtr ExpressionParser::parse_compare() {
  int line = current().line;
  Compare compare{parse_sum(), {}};
  while (auto comparison = take_comparison()) compare.rest.emplace_back(*comparison, parse_sum());
  return compare.rest.empty() ? std::move(compare.first) : make(line, std::move(compare));
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (is_op("+") || is_op("-")) {
    int line = current().line;
    BinaryOperator op = take().text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
    left = make(line, Binary{op, std::move(left), parse_concatenation()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  int line = current().line;
  Expressions parts;
  do parts.push_back(parse_product());
  while (skip_op("~"));
  return parts.size() == 1 ? std::move(parts[0]) : make(line, Concatenation{std::move(parts)});
}

ExpressionPtr ExpressionParser::parse_product() {
  static const std::pair<std::string_view, BinaryOperator> symbols[] = {{"*", BinaryOperator::multiply},
                                                                        {"/", BinaryOperator::divide},
                                                                        {"//", BinaryOperator::floor_divide},
                                                                        {"%", BinaryOperator::modulo}};
  ExpressionPtr left = parse_power();
  while (true) {
    auto symbol =
        std::find_if(std::begin(symbols), std::end(symbols), [&](const auto& s) { return is_op(s.first); });
    if (symbol == std::end(symbols)) return left;
    int line = take().line;
    left = make(line, Binary{symbol->second, std::move(left), parse_power()});
  }
}

ExpressionPtr ExpressionParser::parse_power() {
  ExpressionPtr left = parse_unary(true);
  while (is_op("**")) {
    int line = take().line;
    left = make(line, Binary{BinaryOperator::power, std::move(left), parse_unary(true)});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  Level level(*this);
  int line = current().line;
  ExpressionPtr node;
  if (is_op("-") || is_op("+")) {
    char op = take().text[0];
    node = make(line, Unary{op, parse_unary(false)});
  } else {
    node = parse_primary(false);
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::parse_primary(bool with_namespace) {
  Level level(*this);
  int line = current().line;
  if (current().kind == TokenKind::name) return parse_name(with_namespace);
  if (current().kind == TokenKind::string) {
    std::string text;
    while (current().kind == TokenKind::string) text += take().text;
    return make(line, Constant{Value(std::move(text))});
  }
  if (current().kind == TokenKind::number) return make(line, Constant{take().number});
  if (skip_op("(")) {
    ExpressionPtr inner = parse_tuple(true, {}, true);
    expect_op(")");
    return inner;
  }
  if (skip_op("[")) return make(line, ListDisplay{parse_items("]")});
  if (skip_op("{")) return parse_dict(line);
  fail("unexpected ", describe(current()));
}

ExpressionPtr ExpressionParser::parse_name(bool with_namespace) {
  int line = current().line;
  std::string name = take().text;
  if (is_reserved(name)) {
    char first = static_cast<char>(name[0] | 0x20);
    return make(line, Constant{first == 'n' ? Value::none() : Value(first == 't')});
  }
  if (with_namespace && skip_op(".")) return make(line, NamespaceAttribute{name, expect_any_name()});
  return make(line, Name{name});
}

Expressions ExpressionParser::parse_items(std::string_view close) {
  Expressions items;
  while (!is_op(close)) {
    if (!items.empty()) expect_op(",");
    if (is_op(close)) break;
    items.push_back(parse_expression());
  }
  expect_op(close);
  return items;
}

ExpressionPtr ExpressionParser::parse_dict(int line) {
  DictDisplay dict;
  while (!is_op("}")) {
    if (!dict.entries.empty()) expect_op(",");
    if (is_op("}")) break;
    ExpressionPtr key = parse_expression();
    expect_op(":");
    dict.entries.emplace_back(std::move(key), parse_expression());
  }
  expect_op("}");
  return make(line, std::move(dict));
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr node) {
  while (is_op(".") || is_op("[") || is_op("(")) {
    node = is_op("(") ? parse_call(std::move(node)) : parse_subscript(std::move(node));
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_filters_and_tests(ExpressionPtr node) {
  while (true) {
    if (is_op("|")) {
      node = parse_filters(std::move(node), false);
    } else if (is_name("is")) {
      node = parse_test(std::move(node));
    } else if (is_op("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr object) {
  int line = current().line;
  if (skip_op(".")) {
    if (current().kind == TokenKind::name) return make(line, Attribute{std::move(object), take().text});
    if (current().kind != TokenKind::number || !current().number.is_integer())
      fail("expected name or number");
    return make(line, Subscript{std::move(object), make(line, Constant{take().number})});
  }
  take();
  Expressions keys;
  while (!is_op("]")) {
    if (!keys.empty()) expect_op(",");
    keys.push_back(parse_slice_or_expression());
  }
  expect_op("]");
  ExpressionPtr key = keys.size() == 1 ? std::move(keys[0]) : make(line, TupleDisplay{std::move(keys)});
  return make(line, Subscript{std::move(object), std::move(key)});
}

ExpressionPtr ExpressionParser::parse_slice_or_expression() {
  int line = current().line;
  Slice slice;
  if (!is_op(":")) {
    slice.start = parse_expression();
    if (!is_op(":")) return std::move(slice.start);
  }
  take();
  if (!is_op(":") && !is_op("]") && !is_op(",")) slice.stop = parse_expression();
  if (skip_op(":") && !is_op("]") && !is_op(",")) slice.step = parse_expression();
  return make(line, std::move(slice));
}

CallArguments ExpressionParser::parse_call_arguments() {
  CallArguments arguments;
  expect_op("(");
  auto ensure = [&](bool valid) {
    if (!valid) fail("invalid syntax for function call expression");
  };
  for (bool first = true; !is_op(")"); first = false) {
    if (!first) {
      expect_op(",");
      if (is_op(")")) break;
    }
    if (skip_op("*")) {
      ensure(!arguments.star && !arguments.double_star);
      arguments.star = parse_expression();
    } else if (skip_op("**")) {
      ensure(!arguments.double_star);
      arguments.double_star = parse_expression();
    } else if (current().kind == TokenKind::name && ahead().kind == TokenKind::op && ahead().text == "=") {
      ensure(!arguments.double_star);
      std::string name = take().text;
      take();
      for (const auto& other : arguments.keyword) {
        if (other.first == name) fail("keyword argument repeated: ", name);
      }
      arguments.keyword.emplace_back(std::move(name), parse_expression());
    } else {
      ensure(!arguments.star && !arguments.double_star && arguments.keyword.empty());
      arguments.positional.push_back(parse_expression());
    }
  }
  expect_op(")");
  return arguments;
}

ExpressionPtr ExpressionParser::parse_call(ExpressionPtr callee) {
  int line = current().line;
  return make(line, Call{std::move(callee), parse_call_arguments()});
}

std::string ExpressionParser::parse_dotted_name() {
  std::string name = expect_any_name();
  while (skip_op(".")) name += "." + expect_any_name();
  return name;
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr node, bool first_without_pipe) {
  while (first_without_pipe || is_op("|")) {
    if (!std::exchange(first_without_pipe, false)) take();
    int line = current().line;
    std::string name = parse_dotted_name();
    CallArguments arguments;
    if (is_op("(")) arguments = parse_call_arguments();
    node = make(line, Filter{std::move(node), std::move(name), std::move(arguments)});
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr operand) {
  int line = take().line;
  bool negated = skip_name("not");
  Test test{std::move(operand), parse_dotted_name(), {}};
  TokenKind kind = current().kind;
  bool starts_operand = kind == TokenKind::name || kind == TokenKind::string || kind == TokenKind::number ||
                        is_op("[") || is_op("{");
  if (is_op("(")) {
    test.arguments = parse_call_arguments();
  } else if (starts_operand && !is_any_name({"else", "or", "and"})) {
    if (is_name("is")) fail("you cannot chain multiple tests with is");
    test.arguments.positional.push_back(parse_postfix(parse_primary(false)));
  }
  ExpressionPtr node = make(line, std::move(test));
  return negated ? make(line, Unary{'!', std::move(node)}) : std::move(node);
}

}  // namespace realizar::text::jinja
