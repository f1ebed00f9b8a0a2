#pragma once

#include <cstdint>

#include "fusion/device.hpp"
#include "gpu/gpu_buffer_pool.hpp"

namespace realizar::gpu {

using fusion::GpuCeilings;

/// Reads `bytes` (at most what a kernel may see, and less where memory is short) and runs chains of small
/// kernels, each several times, and keeps the best. By the GPU's clock where it has one. Throws
/// out_of_memory, io when the GPU is lost.
GpuCeilings measure_ceilings(const webgpu::Device& device, GpuBufferPool& pool,
                             uint64_t bytes = uint64_t{1} << 30);

}  // namespace realizar::gpu
