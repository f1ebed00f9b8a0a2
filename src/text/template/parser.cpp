#include "text/template/parser.hpp"

#include <set>

#include "text/template/expression_parser.hpp"

namespace realizar::text::jinja {
namespace {

/// Parses statements, and through its base the expressions in them.
class Parser : private ExpressionParser {
 public:
  explicit Parser(std::string_view source) : ExpressionParser(source) {}

  Template run() {
    Template result;
    result.body = parse_body({});
    return result;
  }

 private:
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
    if (tag == "block") return body.push_back({line, parse_block(line)});
    if (tag == "autoescape") return body.push_back({line, parse_autoescape(line)});
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
    std::size_t target_at = place();
    loop.target = parse_target({"in"}, false);
    std::size_t after_target = place();
    return_to(target_at);
    loop.test_target = parse_target({"in"}, false);
    return_to(after_target);
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

  Block parse_block(int line) {
    Block block;
    const std::string name = expect_any_name();
    if (!blocks_.insert(name).second) raise_at(line, "block '", name, "' defined twice");
    block.scoped = skip_name("scoped");
    const bool required = skip_name("required");
    if (is_op("-")) fail("the names of blocks have no hyphens in them");
    block.body = parse_statements({"endblock"});
    take();
    if (is_name(name)) take();
    if (required) raise_at(line, "block '", name, "' is required of a template that extends this one");
    return block;
  }

  /// Templates of chats escape nothing, so `false` changes nothing but the scope.
  With parse_autoescape(int line) {
    const ExpressionPtr flag = parse_expression();
    const Constant* constant = flag->as<Constant>();
    if (constant == nullptr || truth(constant->value))
      raise_at(line, "'autoescape' is supported only with false: use the filter 'e' to escape");
    With scope;
    scope.body = parse_statements({"endautoescape"});
    take();
    return scope;
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

  std::set<std::string> blocks_;  ///< names
};

}  // namespace

Template parse(std::string_view source) { return Parser(source).run(); }

}  // namespace realizar::text::jinja
