#pragma once

#include <cstdint>

namespace realizar {

/// n / unit, rounded up; neither is negative.
constexpr int64_t quotient_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

}  // namespace realizar
