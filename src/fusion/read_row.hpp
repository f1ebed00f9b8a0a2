#pragma once

#include <cstdint>
#include <span>

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// Row `row` of a table of the file, in f32. `out` has a row's width.
void read_row(const Weight& table, int64_t row, std::span<float> out);

}  // namespace realizar::fusion
