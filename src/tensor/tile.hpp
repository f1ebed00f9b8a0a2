#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/kernel_table.hpp"

namespace realizar::tensor {

/// Where a tile of a product goes: up to 16 columns of rows that stand `stride` floats apart.
struct Rows {
  float* first;
  int64_t stride;
  int n_rows, n_columns;
};

/// to = tile (n_rows, 16), its first n_columns columns
inline void store_tile(const float* tile, const Rows& to) {
  for (int i = 0; i < to.n_rows; ++i) {
    const float* from = tile + i * kernels::panel_rows;
    if (to.n_columns == kernels::panel_rows)  // of a constant size, without a call
      std::memcpy(to.first + i * to.stride, from, kernels::panel_rows * sizeof(float));
    else
      std::copy_n(from, to.n_columns, to.first + i * to.stride);
  }
}

/// to = a + factor * tile; `a` has the shape of `to`, and may be it.
inline void add_tile(const Rows& a, const float* tile, float factor, const Rows& to) {
  kernels::kernels().add_tile(a.first, a.stride, tile, factor, to.n_rows, to.n_columns, to.first, to.stride);
}

}  // namespace realizar::tensor
