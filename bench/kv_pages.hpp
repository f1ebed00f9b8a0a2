#pragma once

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::bench {

inline constexpr const char* kv_format_names[kernels::n_kv_formats] = {"f16", "f32", "q8_0"};

/// Pages of one KV head with heads of `dim` columns, filled through the kernels that store keys and values.
struct KvPages {
  kernels::KvFormat format;
  int dim;
  kernels::KvPageLayout layout;
  backend::AlignedBuffer memory;
  std::vector<int32_t> table;

  KvPages(kernels::KvFormat kv_format, int head_dim, int64_t n_pages)
      : format(kv_format),
        dim(head_dim),
        layout(kernels::kv_page_layout(kv_format, head_dim, head_dim)),
        memory(static_cast<size_t>(layout.bytes * n_pages)),
        table(static_cast<size_t>(n_pages)) {
    std::iota(table.begin(), table.end(), 0);
    std::vector<float> x(static_cast<size_t>(dim));
    for (int slot = 0; slot < kernels::kv_tile; ++slot) {
      for (int d = 0; d < dim; ++d) x[static_cast<size_t>(d)] = static_cast<float>((slot + d) % 13 - 6) / 8;
      store(slot, x.data());
    }
    for (int64_t page = 1; page < n_pages; ++page)
      std::memcpy(data() + page * layout.bytes, data(), static_cast<size_t>(layout.bytes));
  }

  uint8_t* data() { return memory.as<uint8_t>().data(); }
  const uint8_t* data() const { return memory.as<uint8_t>().data(); }

  /// A key and a value at a slot of page 0.
  void store(int slot, const float* x) {
    const kernels::KernelTable& table_of = kernels::kernels();
    const auto f = static_cast<int>(format);
    table_of.store_key[f](x, dim, data() + layout.keys_at, data() + layout.key_scales_at, slot);
    table_of.store_value[f](x, dim, data() + layout.values_at, data() + layout.value_scales_at, slot);
  }
};

}  // namespace realizar::bench
