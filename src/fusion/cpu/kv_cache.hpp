#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "fusion/device.hpp"

namespace realizar::fusion::cpu {

/// The pages of the KV cache: layer by layer, in a layer KV head by KV head, of a head page by page, so that
/// what attention reads of a sequence whose pages follow each other is one stretch of memory.
class KvCache {
 public:
  KvCache(std::span<const KvShape> layers, KvType type);

  /// Drops everything and makes room. Throws `out_of_memory`.
  void reserve(int n_pages);
  void copy_page(int from, int to);

  /// Puts key and value of a position: (n_kv_heads, key_dim) and (n_kv_heads, value_dim), value heads
  /// `v_stride` apart.
  void store(int layer, int page, int slot, std::span<const float> keys, std::span<const float> values,
             int v_stride);

  /// What attention reads of a layer's KV head, but for the parts that the operator knows.
  kernels::AttentionSegment segment(int layer, int kv_head, std::span<const int32_t> page_table) const;

  const KvShape& shape(int layer) const { return layers_[static_cast<size_t>(layer)]; }
  KvType type() const { return type_; }
  int n_pages() const { return n_pages_; }
  uint64_t page_bytes() const { return page_bytes_; }

 private:
  /// Bytes from the start to where a head of a page stands.
  uint64_t head_at(int layer, int kv_head, int page) const;

  std::vector<KvShape> layers_;
  std::vector<kernels::KvPageLayout> layouts_;  // of one head of each layer
  std::vector<uint64_t> layer_at_;              // bytes of a page in the layers before
  KvType type_;
  uint64_t page_bytes_ = 0;
  int n_pages_ = 0;
  backend::AlignedBuffer pages_;
};

}  // namespace realizar::fusion::cpu
