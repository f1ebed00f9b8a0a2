#include "gpu/plan/gpu_kv_cache.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace realizar::gpu {

using fusion::KvShape;
using fusion::KvType;

GpuKvCache::GpuKvCache(const webgpu::Device& device, GpuBufferPool& pool, std::span<const KvShape> layers,
                       KvType type)
    : device_(&device), pool_(&pool), layers_(layers.begin(), layers.end()), type_(type) {
  require(type != KvType::q8_0, ErrorKind::unsupported,
          "keys and values in q8_0 do not run on a GPU yet: use f16 or f32, or the CPU");
  for (const KvShape& layer : layers_)
    require(layer.key_dim % 2 == 0 && layer.value_dim % 2 == 0, ErrorKind::unsupported, "heads of ",
            layer.key_dim, " and ", layer.value_dim,
            " columns, which are odd, do not run on a GPU: use the CPU");
}

uint64_t GpuKvCache::page_bytes(const KvShape& layer) const {
  const auto numbers = static_cast<uint64_t>(layer.n_kv_heads) *
                       static_cast<uint64_t>(layer.key_dim + layer.value_dim) * fusion::page_positions;
  return numbers * (type_ == KvType::f16 ? 2 : 4);
}

uint64_t GpuKvCache::page_bytes() const {
  uint64_t bytes = 0;
  for (const KvShape& layer : layers_) bytes += page_bytes(layer);
  return bytes;
}

void GpuKvCache::reserve(int n_pages) {
  buffers_.clear();
  n_pages_ = n_pages;
  const uint64_t most = device_->limits().maxStorageBufferBindingSize;
  for (const KvShape& layer : layers_) {
    const uint64_t bytes = page_bytes(layer) * static_cast<uint64_t>(n_pages);
    require(bytes <= most, ErrorKind::limit_exceeded, "keys and values of ",
            int64_t{n_pages} * fusion::page_positions, " positions take ", bytes,
            " bytes a layer, and the GPU ", device_->gpu().name, " shows a kernel ", most,
            " at most: use a context of up to ", most / page_bytes(layer) * fusion::page_positions);
    buffers_.push_back(pool_->acquire(bytes, webgpu::BufferUse::weights));
  }
}

void GpuKvCache::copy_page(int from, int to) {
  // A buffer is not copied to itself.
  uint64_t largest = 0;
  for (const KvShape& layer : layers_) largest = std::max(largest, page_bytes(layer));
  const GpuBuffer between = pool_->acquire(largest);
  webgpu::Commands commands(*device_);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const uint64_t bytes = page_bytes(layers_[i]);
    commands.copy(buffers_[i].get(), static_cast<uint64_t>(from) * bytes, between.get(), 0, bytes);
    commands.copy(between.get(), 0, buffers_[i].get(), static_cast<uint64_t>(to) * bytes, bytes);
  }
  device_->submit(std::move(commands));
}

}  // namespace realizar::gpu
