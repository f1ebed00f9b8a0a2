#pragma once

#include <cstdint>
#include <vector>

#include "gpu/plan/plan_memory.hpp"
#include "gpu/webgpu/recording.hpp"

namespace realizar::gpu {

/// The kernels of a batch of `n_tokens`, `n_asked` of which ask for logits. `ends`, if given, gets for each
/// op of the plan how many there are up to its end.
webgpu::Recording record(const webgpu::Device& device, const PlanMemory& memory, int64_t n_tokens,
                         int64_t n_asked, std::vector<size_t>* ends = nullptr);

}  // namespace realizar::gpu
