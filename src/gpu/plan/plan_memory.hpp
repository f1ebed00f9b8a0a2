#pragma once

#include "fusion/plan.hpp"
#include "gpu/plan/gpu_kv_cache.hpp"
#include "gpu/plan/gpu_weights.hpp"
#include "gpu/plan/plan_buffers.hpp"
#include "gpu/quantized_products.hpp"
#include "gpu/webgpu/kernel_cache.hpp"

namespace realizar::gpu {

/// Everything the kernels of a plan work on.
struct PlanMemory {
  const fusion::Plan& plan;
  const GpuWeights& weights;
  const PlanBuffers& buffers;
  const GpuKvCache& kv;
  QuantizedProducts& products;
  webgpu::KernelCache& kernels;
  int most_threads;            // of a workgroup
  webgpu::Binding dense_rows;  // (max_tokens, most columns of a token's inputs): inputs of dense products
  webgpu::Binding chosen;      // (max_tokens) tokens of i32
  webgpu::Binding logits;      // (n_asked, n_vocab)
};

}  // namespace realizar::gpu
