// Renders one case a line: stdin holds {"template": ..., "variables": {...}, "now": ...}, stdout {"text":
// ...} or
// {"error": ...}. The differential test drives it.
#include <iostream>
#include <string>

#include "text/chat_template.hpp"

using realizar::text::ChatTemplate;
namespace jinja = realizar::text::jinja;

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string key = "text", text;
    try {
      jinja::Value input = jinja::value_from_json(line);
      realizar::text::RenderOptions options;
      if (const jinja::Value* now = input.dict().find_name("now"))
        options.now = jinja::parse_iso_time(now->text());
      text = ChatTemplate(input.dict().find_name("template")->text())
                 .render(*input.dict().find_name("variables"), options);
    } catch (const realizar::Error& error) {
      key = "error";
      text = error.what();
    }
    std::cout << jinja::to_json(jinja::make_dict({{jinja::Value(key), jinja::Value(text)}}), {}) << std::endl;
  }
}
