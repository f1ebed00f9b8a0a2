#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "gpu/plan/plan_memory.hpp"
#include "gpu/webgpu/recording.hpp"

namespace realizar::gpu {

/// What the kernels of a batch depend on.
struct BatchShape {
  int64_t n_tokens, n_asked;  // of which so many ask for logits
  int64_t n_splits;           // as attention_splits has it

  auto operator<=>(const BatchShape&) const = default;
};

/// The kernels of a batch. `ends`, if given, gets for each op of the plan how many there are up to its end.
webgpu::Recording record(const webgpu::Device& device, const PlanMemory& memory, const BatchShape& shape,
                         std::vector<size_t>* ends = nullptr);

}  // namespace realizar::gpu
