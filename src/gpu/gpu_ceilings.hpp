#pragma once

#include <cstdint>

#include "gpu/gpu_buffer_pool.hpp"

namespace realizar::gpu {

/// What a GPU does at best, to hold kernels against.
struct GpuCeilings {
  double read_bandwidth = 0;    // bytes a second
  double dispatch_seconds = 0;  // of the GPU, for a kernel that does next to nothing after another one
  double encode_seconds = 0;    // of the host, to record such a kernel
  double submit_seconds = 0;    // to submit one and wait for it
};

/// Reads `bytes` (at most what a kernel may see) and runs chains of small kernels, each several times, and
/// keeps the best. By the GPU's clock where it has one. Throws out_of_memory, io when the GPU is lost.
GpuCeilings measure_ceilings(const webgpu::Device& device, GpuBufferPool& pool,
                             uint64_t bytes = uint64_t{1} << 30);

}  // namespace realizar::gpu
