#pragma once

#include <string>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// pprint.pformat(value) of Python: keys in order, and a line for each item of what is wider than 80 columns.
std::string pretty_print(const Value& value);

}  // namespace realizar::text::jinja
