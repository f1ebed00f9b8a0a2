#pragma once

#include <string>
#include <string_view>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// Reads JSON; objects become dicts that keep the order of their keys.
Value value_from_json(std::string_view json);

struct JsonStyle {
  bool ascii_only = false, sort_keys = false;
  bool multiline = false;  ///< one item a line, indented by `indent` a level
  std::string indent, item_separator = ", ", key_separator = ": ";
};

/// json.dumps of Python.
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace realizar::text::jinja
