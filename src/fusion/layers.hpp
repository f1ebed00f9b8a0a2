#pragma once

#include <cstddef>
#include <vector>

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// A place between two ops.
struct LayerStart {
  size_t op = 0;  // the first one behind it
  Slot crossing;  // what the ops behind it read of those before; none where that is not one whole buffer
};

/// Where the layers of a plan begin, fused or not: one for each, and the end of the last. The ops before the
/// first make the embeddings, those behind the last the logits.
///
/// A layer begins behind its predecessor's attention and before its own store to the cache, at the last place
/// where the least crosses: there the sums of the residual stream are done and nothing else is under way.
std::vector<LayerStart> layer_starts(const Plan& plan);

}  // namespace realizar::fusion
