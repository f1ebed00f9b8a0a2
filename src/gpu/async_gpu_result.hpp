#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "gpu/gpu_buffer_pool.hpp"

namespace realizar::gpu {

/// Numbers that a GPU is still computing. It may go at any time: what is in flight is forgotten. One thread
/// at a time uses it and the other results of its device.
class AsyncGpuResult {
 public:
  /// The numbers that `commands` leave in `readback`, submitted here. `device` stays until they are there.
  AsyncGpuResult(std::shared_ptr<const webgpu::Device> device, webgpu::Commands&& commands,
                 GpuBuffer readback, size_t n_numbers);
  ~AsyncGpuResult();
  AsyncGpuResult(AsyncGpuResult&& other) noexcept = default;
  AsyncGpuResult& operator=(AsyncGpuResult&& other) noexcept;

  /// Whether `take()` would not wait. Never waits.
  bool poll();

  /// Waits until the numbers are there, at most so long, and says whether they are (or never will be).
  bool wait(std::chrono::nanoseconds timeout);

  /// Waits for the numbers and gives them away, once. Throws io when the GPU was lost, invalid_argument after
  /// `cancel()` and when they were taken before.
  std::vector<float> take();

  /// Gives the numbers up. The GPU may still compute them.
  void cancel();

 private:
  struct Pending;
  std::shared_ptr<const webgpu::Device> device_;
  std::shared_ptr<Pending> pending_;
};

}  // namespace realizar::gpu
