#include "gpu/plan/gpu_kv_cache.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::gpu {

using fusion::KvShape;
using fusion::KvType;

GpuKvLayout gpu_kv_layout(const KvShape& layer, KvType type) {
  const int unit_columns = type == KvType::f32 ? 4 : type == KvType::f16 ? 8 : 16;
  // Kernels read eight columns at a time, or blocks have that many.
  const int multiple = type == KvType::q8_0 ? kernels::kv_block : 8;
  const auto units = [&](int dim) {
    return static_cast<int>(quotient_up(dim, multiple)) * multiple / unit_columns;
  };
  GpuKvLayout layout{units(layer.key_dim), units(layer.value_dim), 0};
  const int units_of_position = layout.key_units + layout.value_units;
  layout.head_units = fusion::page_positions * units_of_position;
  // A word of 4 bytes for each block of two units.
  if (type == KvType::q8_0) layout.head_units += fusion::page_positions * units_of_position / 2 / 4;
  return layout;
}

GpuKvCache::GpuKvCache(const webgpu::Device& device, GpuBufferPool& pool, std::span<const KvShape> layers,
                       KvType type)
    : device_(&device), pool_(&pool), layers_(layers.begin(), layers.end()), type_(type) {}

uint64_t GpuKvCache::page_bytes(const KvShape& layer) const {
  constexpr uint64_t unit_bytes = 16;
  return static_cast<uint64_t>(layer.n_kv_heads) *
         static_cast<uint64_t>(gpu_kv_layout(layer, type_).head_units) * unit_bytes;
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
