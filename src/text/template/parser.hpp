#pragma once

#include <string_view>

#include "text/template/syntax.hpp"

namespace realizar::text::jinja {

/// Parses a template; names are not yet resolved. Fails with `FaultAtLine`.
Template parse(std::string_view source);

}  // namespace realizar::text::jinja
