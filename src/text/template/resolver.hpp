#pragma once

#include "text/template/syntax.hpp"

namespace realizar::text::jinja {

/// Gives every name its scope and slot, by the rules of jinja2's compiler (its module idtracking), and checks
/// what that compiler checks: unknown filters and tests, `break` outside a loop. Fails with `FaultAtLine`.
void resolve(Template& source);

}  // namespace realizar::text::jinja
