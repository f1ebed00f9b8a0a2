#pragma once

namespace realizar::test {

/// Whether this is a build with AddressSanitizer, which changes what things cost. GCC defines a macro, clang has a
/// feature.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace realizar::test
