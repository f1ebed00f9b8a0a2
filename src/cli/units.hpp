#pragma once

#include <cstdint>
#include <string>

namespace realizar::cli {

/// "1.23 GiB"
std::string bytes_text(uint64_t bytes);

/// A number with `digits` after the point.
std::string fixed(double value, int digits);

}  // namespace realizar::cli
