#include "text/template/numbers.hpp"
#include "text/template/objects.hpp"
#include "text/template/operators.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

std::string quote(const std::string& text) {
  bool single = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  char mark = single ? '"' : '\'';
  std::string out(1, mark);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t start = i;
    char32_t c = next_code_point(text, i);
    if (c == static_cast<unsigned char>(mark) || c == '\\') {
      out += '\\', out += static_cast<char>(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (c >= 0x80 ? is_printable(c) : c >= 0x20 && c < 0x7f) {
      out.append(text, start, i - start);
    } else {
      out += escape_code_point(c);
    }
  }
  return out + mark;
}

void check_text_size(const std::string& text) {
  require_room(text.size());
  spend(1);
}

void append_repr(std::string& out, const Value& value) {
  check_text_size(out);
  auto append_all = [&](const std::vector<Value>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ", ";
      append_repr(out, items[i]);
    }
  };
  if (value.is_undefined()) {
    out += "Undefined";
  } else if (value.is_none()) {
    out += "None";
  } else if (value.is_bool()) {
    out += value.integer() ? "True" : "False";
  } else if (value.is_integer()) {
    out += std::to_string(value.integer());
  } else if (value.is_float()) {
    out += format_float(value.number());
  } else if (value.is_string()) {
    out += value.is_markup() ? "Markup(" + quote(value.text()) + ")" : quote(value.text());
  } else if (value.is_list()) {
    out += '[', append_all(value.items()), out += ']';
  } else if (value.is_tuple()) {
    out += '(', append_all(value.items()), out += value.items().size() == 1 ? ",)" : ")";
  } else if (value.is_dict()) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, item] : value.dict().entries()) {
      out += separator, separator = ", ";
      append_repr(out, key), out += ": ", append_repr(out, item);
    }
    out += '}';
  } else {
    out += value.object().repr();
  }
}

}  // namespace

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value);
  return out;
}

std::string to_text(const Value& value) {
  if (value.is_string()) return value.text();
  return value.is_undefined() ? "" : repr(value);
}

}  // namespace realizar::text::jinja
