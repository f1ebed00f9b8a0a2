#include "text/template/parser.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "text/template/lexer.hpp"

namespace realizar::text::jinja {
namespace {

using Words = std::initializer_list<std::string_view>;

class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(tokenize(source)) {}

  Template run() {
    Template result;
    result.body = parse_body({});
    return result;
  }

 private:
  /// Counts the nesting of what is being parsed, so that no input can exhaust the stack.
  class Level {
   public:
    explicit Level(Parser& parser) : depth_(parser.depth_) {
      if (++depth_ > max_syntax_depth)
        parser.fail("the template nests deeper than ", max_syntax_depth, " levels");
    }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    unsigned& depth_;
  };

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

  // Statements.

  Body parse_body(Words end_words) {
    Level level(*this);
    Body body;
    Output output;
    int output_line = 0;
    auto add_output = [&](int line, ExpressionPtr part) {
      if (output.parts.empty()) output_line = line;
      output.parts.push_back(std::move(part));
    };
    auto flush = [&] {
      if (!output.parts.empty()) body.push_back({output_line, std::exchange(output, {})});
    };
    while (current().kind != TokenKind::end) {
      int line = current().line;
      if (current().kind == TokenKind::data) {
        add_output(line, make(line, Constant{Value(take().text)}));
      } else if (current().kind == TokenKind::variable_begin) {
        take();
        add_output(line, parse_tuple());
        expect(TokenKind::variable_end, "end of print statement");
      } else {
        flush();
        take();
        if (is_any_name(end_words)) return body;
        parse_statement(body);
        expect(TokenKind::block_end, "end of statement block");
      }
    }
    flush();
    if (end_words.size() > 0)
      fail("unexpected end of template: looking for '", *std::prev(end_words.end()), "'");
    return body;
  }

  Body parse_statements(Words end_words) {
    skip_op(":");
    expect(TokenKind::block_end, "end of statement block");
    return parse_body(end_words);
  }

  void parse_statement(Body& body) {
    if (current().kind != TokenKind::name) fail("tag name expected, got ", describe(current()));
    int line = current().line;
    std::string tag = take().text;
    if (tag == "for") return body.push_back({line, parse_for()});
    if (tag == "if") return body.push_back({line, parse_if()});
    if (tag == "set") return parse_set(body, line);
    if (tag == "macro") return body.push_back({line, parse_macro(line)});
    if (tag == "call") return body.push_back({line, parse_call_block(line)});
    if (tag == "filter") return body.push_back({line, parse_filter_block()});
    if (tag == "with") return body.push_back({line, parse_with()});
    if (tag == "print") return body.push_back({line, parse_print()});
    if (tag == "break" || tag == "continue") return body.push_back({line, LoopControl{tag == "break"}});
    if (tag == "generation") {
      CallBlock block;
      block.definition.line = line;
      block.definition.body = parse_statements({"endgeneration"});
      take();
      return body.push_back({line, std::move(block)});
    }
    if (tag == "include" || tag == "import" || tag == "from" || tag == "extends") {
      return body.push_back({line, parse_unavailable(tag)});
    }
    raise_at(line, "unknown tag '", tag, "'");
  }

  For parse_for() {
    For loop;
    std::size_t target_at = at_;
    loop.target = parse_target({"in"}, false);
    std::size_t after_target = at_;
    at_ = target_at;
    loop.test_target = parse_target({"in"}, false);
    at_ = after_target;
    expect_name("in");
    loop.iterable = parse_tuple(false, {"recursive"});
    if (skip_name("if")) loop.test = parse_expression();
    loop.recursive = skip_name("recursive");
    loop.body = parse_statements({"endfor", "else"});
    if (take().text == "else") {
      loop.otherwise = parse_statements({"endfor"});
      take();
    }
    return loop;
  }

  If parse_if() {
    If result;
    while (true) {
      ExpressionPtr test = parse_tuple(false);
      Body body = parse_statements({"elif", "else", "endif"});
      result.branches.emplace_back(std::move(test), std::move(body));
      std::string word = take().text;
      if (word == "elif") continue;
      if (word == "else") {
        result.otherwise = parse_statements({"endif"});
        take();
      }
      return result;
    }
  }

  void parse_set(Body& body, int line) {
    ExpressionPtr target = parse_target({}, true);
    if (skip_op("=")) return body.push_back({line, Assign{std::move(target), parse_tuple()}});
    AssignBlock block{std::move(target), parse_filters(nullptr, false), {}, {}};
    block.body = parse_statements({"endset"});
    take();
    body.push_back({line, std::move(block)});
  }

  void parse_signature(MacroDefinition& definition) {
    expect_op("(");
    bool has_default = false;
    while (!is_op(")")) {
      if (!definition.parameters.empty()) expect_op(",");
      Parameter parameter{parse_name_target(), nullptr};
      for (const Parameter& other : definition.parameters) {
        if (other.name == parameter.name) fail("duplicate argument '", parameter.name, "'");
      }
      if (skip_op("=")) {
        parameter.standard = parse_expression();
        has_default = true;
      } else if (has_default) {
        fail("non-default argument follows default argument");
      }
      definition.parameters.push_back(std::move(parameter));
    }
    expect_op(")");
  }

  Macro parse_macro(int line) {
    Macro macro;
    macro.definition.line = line;
    macro.definition.name = parse_name_target();
    parse_signature(macro.definition);
    macro.definition.body = parse_statements({"endmacro"});
    take();
    return macro;
  }

  CallBlock parse_call_block(int line) {
    CallBlock block;
    block.definition.line = line;
    if (is_op("(")) parse_signature(block.definition);
    block.call = parse_expression();
    if (block.call->as<Call>() == nullptr) raise_at(line, "expected call");
    block.definition.body = parse_statements({"endcall"});
    take();
    return block;
  }

  FilterBlock parse_filter_block() {
    FilterBlock block{parse_filters(nullptr, true), {}, {}};
    block.body = parse_statements({"endfilter"});
    take();
    return block;
  }

  With parse_with() {
    With with;
    while (current().kind != TokenKind::block_end) {
      if (!with.targets.empty()) expect_op(",");
      with.targets.push_back(parse_target({}, false));
      expect_op("=");
      with.values.push_back(parse_expression());
    }
    with.body = parse_statements({"endwith"});
    take();
    return with;
  }

  Output parse_print() {
    Output output;
    while (current().kind != TokenKind::block_end) {
      if (!output.parts.empty()) expect_op(",");
      output.parts.push_back(parse_expression());
    }
    return output;
  }

  Unavailable parse_unavailable(const std::string& tag) {
    Unavailable result{tag, parse_expression(), {}};
    auto context = [&] {
      if (!is_any_name({"with", "without"}) || ahead().text != "context") return false;
      take();
      take();
      return true;
    };
    if (tag == "include" && is_name("ignore") && ahead().text == "missing") {
      take();
      take();
    }
    if (tag == "import") {
      expect_name("as");
      result.stores.push_back(parse_name_target());
    }
    if (tag == "from") {
      expect_name("import");
      do {
        if (context()) return result;
        std::string name = parse_name_target();
        if (name.starts_with("_")) fail("names starting with an underline can not be imported");
        result.stores.push_back(skip_name("as") ? parse_name_target() : name);
        if (context()) return result;
      } while (skip_op(","));
    } else if (tag != "extends") {
      context();
    }
    return result;
  }

  // Targets of assignments.

  static bool is_reserved(std::string_view name) {
    return name == "true" || name == "false" || name == "none" || name == "True" || name == "False" ||
           name == "None";
  }

  std::string parse_name_target() {
    std::string name = expect_any_name();
    if (is_reserved(name)) fail("can't assign to '", name, "'");
    return name;
  }

  ExpressionPtr parse_target(Words end_words, bool with_namespace) {
    int line = current().line;
    ExpressionPtr target = parse_tuple(true, end_words, false, true, with_namespace);
    if (!make_store(*target)) raise_at(line, "can't assign to this expression");
    return target;
  }

  bool make_store(Expression& target) const {
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

  bool at_tuple_end(Words end_words) const {
    return current().kind == TokenKind::variable_end || current().kind == TokenKind::block_end ||
           is_op(")") || is_any_name(end_words);
  }

  /// One expression, or several separated by commas as a tuple; `simplified` reads names and literals only.
  ExpressionPtr parse_tuple(bool with_conditional = true, Words end_words = {}, bool in_parentheses = false,
                            bool simplified = false, bool with_namespace = false) {
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

  ExpressionPtr parse_expression() {
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

  ExpressionPtr parse_or() {
    ExpressionPtr left = parse_and();
    for (int line = current().line; skip_name("or"); line = current().line) {
      left = make(line, Logical{false, std::move(left), parse_and()});
    }
    return left;
  }

  ExpressionPtr parse_and() {
    ExpressionPtr left = parse_not();
    for (int line = current().line; skip_name("and"); line = current().line) {
      left = make(line, Logical{true, std::move(left), parse_not()});
    }
    return left;
  }

  ExpressionPtr parse_not() {
    if (!is_name("not")) return parse_compare();
    Level level(*this);
    int line = take().line;
    return make(line, Unary{'!', parse_not()});
  }

  std::optional<Comparison> take_comparison() {
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

  ExpressionPtr parse_compare() {
    int line = current().line;
    Compare compare{parse_sum(), {}};
    while (auto comparison = take_comparison()) compare.rest.emplace_back(*comparison, parse_sum());
    return compare.rest.empty() ? std::move(compare.first) : make(line, std::move(compare));
  }

  ExpressionPtr parse_sum() {
    ExpressionPtr left = parse_concatenation();
    while (is_op("+") || is_op("-")) {
      int line = current().line;
      BinaryOperator op = take().text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
      left = make(line, Binary{op, std::move(left), parse_concatenation()});
    }
    return left;
  }

  ExpressionPtr parse_concatenation() {
    int line = current().line;
    Expressions parts;
    do parts.push_back(parse_product());
    while (skip_op("~"));
    return parts.size() == 1 ? std::move(parts[0]) : make(line, Concatenation{std::move(parts)});
  }

  ExpressionPtr parse_product() {
    static const std::pair<std::string_view, BinaryOperator> symbols[] = {
        {"*", BinaryOperator::multiply},
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

  ExpressionPtr parse_power() {
    ExpressionPtr left = parse_unary(true);
    while (is_op("**")) {
      int line = take().line;
      left = make(line, Binary{BinaryOperator::power, std::move(left), parse_unary(true)});
    }
    return left;
  }

  ExpressionPtr parse_unary(bool with_filters) {
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

  ExpressionPtr parse_primary(bool with_namespace) {
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

  ExpressionPtr parse_name(bool with_namespace) {
    int line = current().line;
    std::string name = take().text;
    if (is_reserved(name)) {
      char first = static_cast<char>(name[0] | 0x20);
      return make(line, Constant{first == 'n' ? Value::none() : Value(first == 't')});
    }
    if (with_namespace && skip_op(".")) return make(line, NamespaceAttribute{name, expect_any_name()});
    return make(line, Name{name});
  }

  Expressions parse_items(std::string_view close) {
    Expressions items;
    while (!is_op(close)) {
      if (!items.empty()) expect_op(",");
      if (is_op(close)) break;
      items.push_back(parse_expression());
    }
    expect_op(close);
    return items;
  }

  ExpressionPtr parse_dict(int line) {
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

  ExpressionPtr parse_postfix(ExpressionPtr node) {
    while (is_op(".") || is_op("[") || is_op("(")) {
      node = is_op("(") ? parse_call(std::move(node)) : parse_subscript(std::move(node));
    }
    return node;
  }

  ExpressionPtr parse_filters_and_tests(ExpressionPtr node) {
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

  ExpressionPtr parse_subscript(ExpressionPtr object) {
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

  ExpressionPtr parse_slice_or_expression() {
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

  CallArguments parse_call_arguments() {
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

  ExpressionPtr parse_call(ExpressionPtr callee) {
    int line = current().line;
    return make(line, Call{std::move(callee), parse_call_arguments()});
  }

  std::string parse_dotted_name() {
    std::string name = expect_any_name();
    while (skip_op(".")) name += "." + expect_any_name();
    return name;
  }

  ExpressionPtr parse_filters(ExpressionPtr node, bool first_without_pipe) {
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

  ExpressionPtr parse_test(ExpressionPtr operand) {
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

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

}  // namespace

Template parse(std::string_view source) { return Parser(source).run(); }

}  // namespace realizar::text::jinja
