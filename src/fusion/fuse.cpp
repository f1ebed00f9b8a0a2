#include "fusion/passes/passes.hpp"

namespace realizar::fusion {

Plan fuse(Plan plan) {
  split_gate_up(plan);
  fuse_gates(plan);
  fuse_adds(plan);
  group_linears(plan);
  fold_norms(plan);
  gather_per_token(plan);
  return plan;
}

}  // namespace realizar::fusion
