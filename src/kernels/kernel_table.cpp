#include "kernels/kernel_table.hpp"

#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {

int activation_block(TensorType type) { return info(type).block >= 256 ? 256 : chunk_columns; }

KvPageLayout kv_page_layout(KvFormat format, int key_dim, int value_dim) {
  const int64_t element = format == KvFormat::f32 ? 4 : format == KvFormat::f16 ? 2 : 1;
  const auto scales = [&](int dim) {
    return format == KvFormat::q8_0 ? int64_t{(dim + kv_block - 1) / kv_block} * kv_tile * 2 : 0;
  };
  const int64_t key_bytes = element * key_dim * kv_tile, value_bytes = element * value_dim * kv_tile;
  KvPageLayout layout;
  layout.keys_at = 0;
  layout.key_scales_at = key_bytes;
  layout.values_at = layout.key_scales_at + scales(key_dim);
  layout.value_scales_at = layout.values_at + value_bytes;
  layout.bytes = (layout.value_scales_at + scales(value_dim) + 63) / 64 * 64;
  return layout;
}

const KernelTable& kernels_of(backend::Isa isa) {
  switch (isa) {
#define REALIZAR_SET(name, ...) \
  case backend::Isa::name:      \
    return name##_kernels();
    REALIZAR_SETS_HERE(REALIZAR_SET)
#undef REALIZAR_SET
    default:
      return scalar_kernels();
  }
}

const KernelTable& kernels() {
  static const KernelTable& table = kernels_of(backend::selected_isa());
  return table;
}

}  // namespace realizar::kernels
