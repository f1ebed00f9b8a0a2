#include <string_view>
#include <utility>

#include "text/template/arguments.hpp"
#include "text/template/filters/tables.hpp"
#include "text/template/objects.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

Value escape(Interpreter&, Arguments& a) {
  return Value::markup(escape_html(BoundArguments("escape", a, {"/s"}).get(0)));
}
Value force_escape(Interpreter&, Arguments& a) {
  return Value::markup(escape_html(Value(to_text(BoundArguments("forceescape", a, {"value"}).get(0)))));
}
Value safe(Interpreter&, Arguments& a) {
  return Value::markup(to_text(BoundArguments("safe", a, {"value"}).get(0)));
}

Value striptags(Interpreter&, Arguments& a) {
  std::string text = to_text(BoundArguments("striptags", a, {"value"}).get(0)), out;
  static const std::pair<std::string_view, std::string_view> marks[] = {{"<!--", "-->"}, {"<", ">"}};
  for (const auto& [open, close] : marks) {
    for (std::size_t start; (start = text.find(open)) != std::string::npos;) {
      std::size_t end = text.find(close, start);
      if (end == std::string::npos) break;
      spend(text.size() / 64 + 1);
      text.erase(start, end + close.size() - start);
    }
  }
  bool space = false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t begin = i;
    if (is_space(next_code_point(text, i))) {
      space = !out.empty();
    } else {
      if (std::exchange(space, false)) out += ' ';
      out.append(text, begin, i - begin);
    }
  }
  static const std::pair<std::string_view, std::string_view> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&#34;", "\""}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) out = replace_text(out, entity, character, -1);
  return out;
}

std::string quote_url(const std::string& text, bool for_query) {
  std::string out;
  for (unsigned char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 std::string_view("_.-~").find(static_cast<char>(c)) != std::string_view::npos;
    if (plain || (c == '/' && !for_query)) {
      out += static_cast<char>(c);
    } else if (c == ' ' && for_query) {
      out += '+';
    } else {
      out += '%', out += "0123456789ABCDEF"[c >> 4], out += "0123456789ABCDEF"[c & 15];
    }
  }
  return out;
}

Value urlencode(Interpreter&, Arguments& a) {
  Value value = BoundArguments("urlencode", a, {"value"}).get(0);
  if (value.is_string() || !try_iterate(value)) return quote_url(to_text(value), false);
  std::string out;
  for (const Value& pair : value.is_dict() ? DictView(value, DictView::items).contents() : to_vector(value)) {
    std::vector<Value> both = to_vector(pair);
    if (both.size() != 2) raise("urlencode needs pairs");
    out += (out.empty() ? "" : "&") + quote_url(to_text(both[0]), true) + "=" +
           quote_url(to_text(both[1]), true);
  }
  return out;
}

Value xmlattr(Interpreter&, Arguments& a) {
  BoundArguments bound("xmlattr", a, {"d", "autospace="});
  if (!bound.get(0).is_dict()) raise("xmlattr needs a dict");
  std::string out;
  for (const auto& [key, value] : bound.get(0).dict().entries()) {
    if (value.is_none() || value.is_undefined()) continue;
    if (!key.is_string() || key.text().find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
      raise("invalid character in attribute name: ", repr(key));
    out += (out.empty() ? "" : " ") + escape_html(key) + "=\"" + escape_html(value) + "\"";
  }
  return bound.boolean(1, true) && !out.empty() ? " " + out : out;
}

}  // namespace

std::span<const NamedFilter> markup_filters() {
  static const NamedFilter filters[] = {
      {"e", escape},       {"escape", escape},       {"forceescape", force_escape},
      {"safe", safe},      {"striptags", striptags}, {"urlencode", urlencode},
      {"xmlattr", xmlattr}};
  return filters;
}

}  // namespace realizar::text::jinja
