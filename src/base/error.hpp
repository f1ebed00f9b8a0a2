#pragma once

#include "base/text.hpp"
#include "realizar/error.hpp"

namespace realizar {

/// Throws `Error` with the message made by `concat(parts...)`.
template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, concat(parts...));
}

/// Throws `Error` with the message made by `concat(parts...)` unless `condition` holds.
template <class... Parts>
void require(bool condition, ErrorKind kind, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail(kind, parts...);
}

}  // namespace realizar
