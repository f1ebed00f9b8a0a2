#pragma once

#include <cstdint>

#include "gpu/plan/plan_memory.hpp"
#include "gpu/webgpu/recording.hpp"

namespace realizar::gpu {

/// The kernels of a batch of `n_tokens`, `n_asked` of which ask for logits.
webgpu::Recording record(const webgpu::Device& device, const PlanMemory& memory, int64_t n_tokens,
                         int64_t n_asked);

}  // namespace realizar::gpu
