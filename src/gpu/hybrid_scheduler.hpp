#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/thread_pool.hpp"
#include "gpu/gpu_compute.hpp"

namespace realizar::gpu {

/// Runs single operations where they are done soonest: small ones on the CPU, since sending numbers to a GPU
/// and back costs more than computing them, and large ones on the GPU. Throws as `GpuCompute` does.
class HybridScheduler {
 public:
  enum class Target { cpu, gpu };
  static constexpr int64_t default_threshold = 1000;

  /// `gpu` may be null: then all is done on the CPU, with `n_threads` threads (0: the physical cores).
  /// Operations whose largest operand has `threshold` numbers or more are done on the GPU.
  explicit HybridScheduler(std::shared_ptr<GpuCompute> gpu, int64_t threshold = default_threshold,
                           int n_threads = 0);

  /// Where an operation is done whose largest operand has so many numbers.
  Target target(int64_t n_numbers) const;

  /// As those of `GpuCompute`; on the CPU in the order of sums of `tensor::`.
  std::vector<float> matmul(std::span<const float> x, std::span<const float> weights, int64_t n_cols);
  float dot(std::span<const float> a, std::span<const float> b);
  std::vector<float> activate(Activation activation, std::span<const float> gate,
                              std::span<const float> up = {});
  std::vector<float> softmax(std::span<const float> x);

 private:
  bool on_gpu(size_t n_numbers) const { return target(static_cast<int64_t>(n_numbers)) == Target::gpu; }

  std::shared_ptr<GpuCompute> gpu_;
  int64_t threshold_;
  backend::ThreadPool pool_;
};

}  // namespace realizar::gpu
