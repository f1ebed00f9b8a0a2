#pragma once

#include "fusion/plan.hpp"

// The passes of fuse(), in its order. Each leaves a plan whose results have the bits of the plan before it.
namespace realizar::fusion {

/// A product whose columns are read by one gate alone, as its two halves: becomes two products, each with
/// half of the rows, so that the gate can be fused with them.
void split_gate_up(Plan& plan);

/// The products that a gate reads, and nothing else does, and the gate: one Products.
void fuse_gates(Plan& plan);

/// A product that an addition reads, and nothing else does, and the addition: one Products.
void fuse_adds(Plan& plan);

/// Products of one input, where nothing between them hinders: one Products; one that stands alone becomes a
/// Products of its own.
void group_linears(Plan& plan);

/// A norm that only Products read: done by each of them, and not stored.
void fold_norms(Plan& plan);

/// Neighbours that treat every token by itself and are neither products nor attention: one PerToken.
void gather_per_token(Plan& plan);

}  // namespace realizar::fusion
