#pragma once

#include <span>
#include <string>
#include <vector>

#include "fusion/device.hpp"
#include "gpu/gpu_buffer_pool.hpp"

namespace realizar::gpu {

/// Units of 16 bytes that hold a KV head of a page, as kv_page.wgsl says.
struct GpuKvLayout {
  int key_units, value_units;  // of one position
  int head_units;              // of 64 positions, keys and values
};
GpuKvLayout gpu_kv_layout(const fusion::KvShape& layer, fusion::KvType type);

/// The pages of the KV cache on a GPU, a buffer for each layer; kv_page.wgsl says what a page holds.
class GpuKvCache {
 public:
  GpuKvCache(const webgpu::Device& device, GpuBufferPool& pool, std::span<const fusion::KvShape> layers,
             fusion::KvType type);

  /// Drops everything and makes room. Throws out_of_memory; limit_exceeded when a layer is more than a kernel
  /// sees.
  void reserve(int n_pages);
  void copy_page(int from, int to);

  webgpu::Binding layer(int index) const { return buffers_[static_cast<size_t>(index)].binding(); }
  const fusion::KvShape& shape(int layer) const { return layers_[static_cast<size_t>(layer)]; }
  GpuKvLayout layout(int layer) const { return gpu_kv_layout(shape(layer), type_); }
  fusion::KvType type() const { return type_; }
  int n_pages() const { return n_pages_; }
  /// One page of all layers.
  uint64_t page_bytes() const;

 private:
  uint64_t page_bytes(const fusion::KvShape& layer) const;

  const webgpu::Device* device_;
  GpuBufferPool* pool_;
  std::vector<fusion::KvShape> layers_;
  fusion::KvType type_;
  int n_pages_ = 0;
  std::vector<GpuBuffer> buffers_;  // (layers)
};

}  // namespace realizar::gpu
