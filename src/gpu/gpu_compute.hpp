#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/async_gpu_result.hpp"
#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/webgpu/kernel_cache.hpp"
#include "kernels/activation.hpp"

namespace realizar::gpu {

using kernels::Activation;

/// Which GPU, and how much of it.
struct GpuOptions {
  /// "auto": a real GPU; "software": the one the processor plays, for tests; else (part of) a name as
  /// `list_gpus` has it.
  std::string gpu = "auto";
  uint64_t memory_limit = GpuBufferPool::no_limit;  // bytes
};

/// Single operations on numbers of the host: each sends its inputs to the GPU and brings the result back.
/// Sums are f32 FMAs in a fixed order, so a row of a result has the same bits whatever stands beside it. All
/// throw invalid_argument when lengths do not fit, out_of_memory, limit_exceeded for what no buffer of the
/// GPU can hold, io when it is lost.
class GpuCompute {
 public:
  /// Throws io when there is no GPU or no library, invalid_argument when none has the name, unsupported when
  /// it lacks what is needed.
  explicit GpuCompute(const GpuOptions& options = {});
  /// On a device that is open already.
  explicit GpuCompute(std::shared_ptr<webgpu::Device> device,
                      uint64_t memory_limit = GpuBufferPool::no_limit);

  const Gpu& gpu() const { return device_->gpu(); }
  webgpu::Device& device() { return *device_; }
  GpuBufferPool& pool() { return pool_; }

  /// x (n_tokens, n_cols) @ weights (n_rows, n_cols)^T: (n_tokens, n_rows), summed in the order of the
  /// columns.
  std::vector<float> matmul(std::span<const float> x, std::span<const float> weights, int64_t n_cols);
  AsyncGpuResult start_matmul(std::span<const float> x, std::span<const float> weights, int64_t n_cols);

  /// The sum of products, in chunks of 4096.
  float dot(std::span<const float> a, std::span<const float> b);
  AsyncGpuResult start_dot(std::span<const float> a, std::span<const float> b);

  /// activation(gate) * up; without `up` the activation alone, which swiglu_oai does not have.
  std::vector<float> activate(Activation activation, std::span<const float> gate,
                              std::span<const float> up = {});
  AsyncGpuResult start_activate(Activation activation, std::span<const float> gate,
                                std::span<const float> up = {});

  /// e^x / sum of e^x
  std::vector<float> softmax(std::span<const float> x);
  AsyncGpuResult start_softmax(std::span<const float> x);

 private:
  const webgpu::Kernel& kernel(const webgpu::KernelSource& source);
  const webgpu::Kernel& activation_kernel(Activation activation, bool gated);
  GpuBuffer upload(std::span<const float> numbers);
  AsyncGpuResult read_back(webgpu::Commands&& commands, const GpuBuffer& from, size_t n_numbers);

  std::shared_ptr<webgpu::Device> device_;
  GpuBufferPool pool_;
  webgpu::KernelCache kernels_;
};

}  // namespace realizar::gpu
