#pragma once

#include <string_view>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// A filter, test or function; the first positional argument of a filter or test is what it is applied to.
using Builtin = Value (*)(Interpreter& interpreter, Arguments& arguments);

/// The filter or test of that name, or nullptr.
Builtin find_filter(std::string_view name);
Builtin find_test(std::string_view name);

/// The global function of that name (range, dict, namespace, ...), if there is one.
std::optional<Value> find_global(std::string_view name);

}  // namespace realizar::text::jinja
