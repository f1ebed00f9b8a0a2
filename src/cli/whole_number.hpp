#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

namespace realizar::cli {

/// Has an option take decimal whole numbers from `least` to `most` and no other notation: 010 is ten, and
/// 0x10 is refused. Left to itself, CLI11 reads both as C does.
CLI::Option* whole_number(CLI::Option* option, std::int64_t least = std::numeric_limits<std::int32_t>::min(),
                          std::int64_t most = std::numeric_limits<std::int32_t>::max());

}  // namespace realizar::cli
