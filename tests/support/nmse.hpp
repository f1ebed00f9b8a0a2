#pragma once

#include <cmath>
#include <limits>
#include <span>

namespace realizar::test {

/// mean((a - b)^2) / mean(b^2); infinite where the lengths differ or a number is not finite.
inline double nmse(std::span<const float> a, std::span<const float> b) {
  double error = 0, energy = 0;
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < b.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    error += difference * difference;
    energy += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  const double ratio = error / energy;
  return std::isfinite(ratio) ? ratio : std::numeric_limits<double>::infinity();
}

}  // namespace realizar::test
