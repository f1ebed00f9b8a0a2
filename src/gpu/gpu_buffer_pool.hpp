#pragma once

#include <cstdint>
#include <memory>

#include "gpu/webgpu/commands.hpp"
#include "gpu/webgpu/device.hpp"

namespace realizar::gpu {

/// A buffer of a pool, which goes back there when this goes. What an earlier user left is still in it.
class GpuBuffer {
 public:
  GpuBuffer() = default;
  ~GpuBuffer();
  GpuBuffer(GpuBuffer&& other) noexcept;
  GpuBuffer& operator=(GpuBuffer&& other) noexcept;

  WGPUBuffer get() const { return handle_.get(); }
  /// As asked for, rounded up to a multiple of 4.
  uint64_t bytes() const { return bytes_; }
  webgpu::Binding binding() const { return {get(), 0, bytes_}; }

  /// Gives it up: it does not go back to the pool.
  void discard();

 private:
  friend class GpuBufferPool;
  struct Pool;
  std::shared_ptr<Pool> pool_;
  webgpu::BufferHandle handle_;
  webgpu::BufferUse use_ = webgpu::BufferUse::storage;
  uint64_t bytes_ = 0, class_bytes_ = 0;
};

/// Buffers by size class, kept for the next who asks: making one costs far more than a kernel on it. Threads
/// may share a pool, and buffers may outlive it.
class GpuBufferPool {
 public:
  static constexpr uint64_t no_limit = ~uint64_t{0};

  /// `limit_bytes`: what all buffers together, in use and kept, may take.
  explicit GpuBufferPool(std::shared_ptr<const webgpu::Device> device, uint64_t limit_bytes = no_limit);

  /// Throws out_of_memory beyond the limit or what the GPU has, limit_exceeded beyond what it allows of one
  /// buffer; kept buffers are freed before that.
  GpuBuffer acquire(uint64_t bytes, webgpu::BufferUse use = webgpu::BufferUse::storage);

  /// Frees the kept buffers.
  void trim();

  struct Statistics {
    uint64_t in_use = 0, kept = 0;  // bytes
    uint64_t high_water = 0;        // most bytes ever in use
    uint64_t n_made = 0, n_reused = 0;
  };
  Statistics statistics() const;

  /// What a buffer of so many bytes takes: four classes between a power of two and the next, from 256 on.
  static uint64_t class_bytes(uint64_t bytes);

 private:
  std::shared_ptr<GpuBuffer::Pool> pool_;
};

}  // namespace realizar::gpu
