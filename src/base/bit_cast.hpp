#pragma once

#include <bit>

namespace realizar {

#ifdef __cpp_lib_bit_cast
using std::bit_cast;
#else
/// As that of the standard library, which older ones lack (emscripten's of Debian 12).
template <class To, class From>
constexpr To bit_cast(const From& from) {
  return __builtin_bit_cast(To, from);
}
#endif

}  // namespace realizar
