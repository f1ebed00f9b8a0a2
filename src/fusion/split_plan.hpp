#pragma once

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// A plan cut between two layers. The first part makes of tokens the rows of the residual stream there, which
/// are its logits; the second makes of these rows (`Batch::rows`) the logits of the whole. Each has the
/// layers of the cache that it uses, counted from 0, and holds no weights but its own.
struct SplitPlan {
  Plan first, second;
};

/// `first_layers` > 0 of the layers and the embeddings stay in the first part, the others and the output
/// matrix come into the second. The plan is not fused yet. Throws invalid_argument where it has no such
/// layers, unsupported where more than one buffer crosses.
SplitPlan split(const Plan& plan, int first_layers);

}  // namespace realizar::fusion
