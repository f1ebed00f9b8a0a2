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

/// A buffer keeps its place for `ops_behind` more than the last that touches it, for devices that leave part
/// of an op to those behind it.
BufferPlacement place_buffers(const Plan& plan, int64_t ops_behind = 0);

}  // namespace realizar::fusion
