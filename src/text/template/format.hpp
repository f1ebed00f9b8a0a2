#pragma once

#include <string>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// format % values of Python.
Value percent_format(const Value& format, const Value& values);

/// format.format(arguments...) of Python.
Value brace_format(const std::string& format, const Arguments& arguments);

}  // namespace realizar::text::jinja
