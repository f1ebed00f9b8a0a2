#pragma once

#include <vector>

#include "fusion/plan.hpp"
#include "gpu/gpu_matrix.hpp"

namespace realizar::gpu {

/// Weights of one input and one type that one kernel can multiply: up to three of an op's linears, one after
/// the other, or a gate and what it gates, by turns.
struct WeightGroup {
  std::vector<fusion::WeightId> members;
  Arrangement arrangement;
};

/// Those of a plan, for weights that have a layout of `webgpu::WeightLayout` and no use but this one.
std::vector<WeightGroup> weight_groups(const fusion::Plan& plan);

}  // namespace realizar::gpu
