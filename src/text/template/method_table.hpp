#pragma once

#include <map>
#include <string_view>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

using Method = Value (*)(const Value& self, const Arguments& arguments);
/// The methods of a type by name; nullptr for those that change their object.
using Methods = std::map<std::string_view, Method>;

extern const Methods text_methods;

/// In the place of a method that templates of models have no use for.
inline Value unsupported_method(const Value&, const Arguments&) {
  raise("this method is not supported in templates");
}

}  // namespace realizar::text::jinja
