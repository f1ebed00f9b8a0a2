#include "fusion/cpu/kv_cache.hpp"

#include <cstring>

#include "base/error.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::fusion::cpu {

KvCache::KvCache(std::span<const KvShape> layers, KvType type)
    : layers_(layers.begin(), layers.end()), type_(type) {
  for (const KvShape& layer : layers_) {
    layouts_.push_back(kernels::kv_page_layout(type, layer.key_dim, layer.value_dim));
    layer_at_.push_back(page_bytes_);
    page_bytes_ += static_cast<uint64_t>(layouts_.back().bytes) * static_cast<uint64_t>(layer.n_kv_heads);
  }
}

void KvCache::reserve(int n_pages) {
  require(n_pages >= 0, ErrorKind::invalid_argument, "a KV cache cannot have ", n_pages, " pages");
  pages_ = {};
  n_pages_ = 0;
  pages_ = backend::AlignedBuffer(page_bytes_ * static_cast<uint64_t>(n_pages));
  n_pages_ = n_pages;
}

void KvCache::copy_page(int from, int to) {
  require(from >= 0 && from < n_pages_ && to >= 0 && to < n_pages_, ErrorKind::invalid_argument, "page ",
          from, " cannot be copied to page ", to, " of a cache of ", n_pages_, " pages");
  uint8_t* pages = pages_.as<uint8_t>().data();
  for (int layer = 0; layer < static_cast<int>(layers_.size()); ++layer)
    for (int h = 0; h < shape(layer).n_kv_heads; ++h)
      std::memcpy(pages + head_at(layer, h, to), pages + head_at(layer, h, from),
                  static_cast<size_t>(layouts_[static_cast<size_t>(layer)].bytes));
}

uint64_t KvCache::head_at(int layer, int kv_head, int page) const {
  const auto index = static_cast<size_t>(layer);
  const auto bytes = static_cast<uint64_t>(layouts_[index].bytes);
  return (layer_at_[index] + static_cast<uint64_t>(kv_head) * bytes) * static_cast<uint64_t>(n_pages_) +
         static_cast<uint64_t>(page) * bytes;
}

void KvCache::store(int layer, int page, int slot, std::span<const float> keys, std::span<const float> values,
                    int v_stride) {
  const KvShape& shape = layers_[static_cast<size_t>(layer)];
  const kernels::KvPageLayout& layout = layouts_[static_cast<size_t>(layer)];
  const kernels::KernelTable& table = kernels::kernels();
  const auto type = static_cast<size_t>(type_);
  for (int h = 0; h < shape.n_kv_heads; ++h) {
    uint8_t* at = pages_.as<uint8_t>().data() + head_at(layer, h, page);
    table.store_key[type](keys.data() + h * shape.key_dim, shape.key_dim, at + layout.keys_at,
                          at + layout.key_scales_at, slot);
    if (shape.value_dim > 0)
      table.store_value[type](values.data() + h * v_stride, shape.value_dim, at + layout.values_at,
                              at + layout.value_scales_at, slot);
  }
}

kernels::AttentionSegment KvCache::segment(int layer, int kv_head,
                                           std::span<const int32_t> page_table) const {
  const KvShape& shape = layers_[static_cast<size_t>(layer)];
  kernels::AttentionSegment out{};
  out.first_page = pages_.as<uint8_t>().data() + head_at(layer, kv_head, 0);
  out.page_stride = layouts_[static_cast<size_t>(layer)].bytes;
  out.page_table = page_table.data();
  out.key_dim = shape.key_dim;
  out.value_dim = shape.value_dim;
  return out;
}

}  // namespace realizar::fusion::cpu
