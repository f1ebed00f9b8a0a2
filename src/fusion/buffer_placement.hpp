#pragma once

#include <cstdint>
#include <vector>

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// Where the activation buffers of a plan stand in one row of memory, in columns. Buffers that are never
/// needed at the same time share their place.
struct BufferPlacement {
  std::vector<int64_t> offsets;  // (buffers of the plan), multiples of 16
  int64_t width = 0;             // of the whole row
};

BufferPlacement place_buffers(const Plan& plan);

}  // namespace realizar::fusion
