#pragma once

#include "text/template/objects.hpp"

namespace realizar::text::jinja {

/// The attribute `name` that Python's type of `value` has: a method bound to it, or an undefined value for
/// the methods that change a list or a dict, which the sandbox forbids.
std::optional<Value> find_method(const Value& value, const std::string& name);

}  // namespace realizar::text::jinja
