#include "text/chat_template.hpp"

#include "base/error.hpp"
#include "text/template/interpreter.hpp"
#include "text/template/lexer.hpp"
#include "text/template/parser.hpp"
#include "text/template/resolver.hpp"
#include "text/unicode.hpp"

namespace realizar::text {
namespace {

[[noreturn]] void fail_at(const jinja::Fault& fault, int line) {
  fail(fault.kind, "chat template, line ", line, ": ", fault.message);
}

}  // namespace

ChatTemplate::ChatTemplate(const std::string& source, jinja::Limits limits) : limits_(limits) {
  require(source.size() <= limits.max_source_bytes, ErrorKind::limit_exceeded, "the chat template has ",
          source.size(), " bytes; the limit is ", limits.max_source_bytes);
  require(is_valid_utf8(source), ErrorKind::invalid_template, "the chat template is not valid UTF-8");
  try {
    template_ = std::make_unique<jinja::Template>(jinja::parse(source));
    jinja::resolve(*template_);
  } catch (const jinja::FaultAtLine& located) {
    fail_at(located.fault, located.line);
  } catch (const jinja::Fault& fault) {
    fail_at(fault, 1);
  }
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const jinja::Value& variables, const RenderOptions& options) const {
  require(variables.is_dict(), ErrorKind::invalid_argument,
          "the variables of a chat template must be a dict");
  jinja::Sandbox sandbox(limits_);
  jinja::Interpreter interpreter(variables.dict(), options.now ? *options.now : jinja::current_local_time());
  try {
    return interpreter.run(*template_);
  } catch (const jinja::Fault& fault) {
    fail_at(fault, interpreter.line());
  }
}

std::string render_template(const std::string& source, std::string_view json_variables) {
  jinja::Value variables = jinja::value_from_json(json_variables);
  require(variables.is_dict(), ErrorKind::invalid_argument, "the input of a template must be a JSON object");
  RenderOptions options;
  if (const jinja::Value* now = variables.dict().find_name("now")) {
    require(
        now->is_string(), ErrorKind::invalid_argument,
        "\"now\" of the template's variables must be a string of ISO 8601, such as \"2024-07-26T12:34:56\", "
        "and is of type ",
        now->type_name());
    options.now = jinja::parse_iso_time(now->text());
  }
  return ChatTemplate(source).render(variables, options);
}

}  // namespace realizar::text
