#pragma once

#include <concepts>
#include <limits>
#include <optional>

namespace realizar {

/// a * b, or nothing when the product does not fit the type.
template <std::unsigned_integral T>
std::optional<T> checked_multiply(T a, T b) {
  if (a != 0 && b > std::numeric_limits<T>::max() / a) return std::nullopt;
  return static_cast<T>(a * b);
}

/// a + b, or nothing when the sum does not fit the type.
template <std::unsigned_integral T>
std::optional<T> checked_add(T a, T b) {
  if (b > std::numeric_limits<T>::max() - a) return std::nullopt;
  return static_cast<T>(a + b);
}

}  // namespace realizar
