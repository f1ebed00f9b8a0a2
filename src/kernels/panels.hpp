#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/panel_layout.hpp"

// Packing of the rows of a file into the panels that kernels read (panel_layout.hpp). F32, F16 and BF16 rows
// become (n_cols, 16) elements: one column of 16 rows after the other.
namespace realizar::kernels {

/// Whether kernels have products with weights of this type: block formats, F32, F16 and BF16.
bool is_product_type(TensorType type);

/// Bytes of one panel with rows of `n_cols` weights, a whole number of blocks; a multiple of 64.
size_t panel_bytes(TensorType type, int64_t n_cols);

/// Packs `n_rows` (1 to 16) rows, `row_stride` bytes apart, into `panel`; the rows beyond them become zero.
void pack_panel(TensorType type, const uint8_t* rows, size_t row_stride, int n_rows, int64_t n_cols,
                uint8_t* panel);

/// Whether F16 or BF16 weights with rows of `n_cols` can stand as Int16, which fast products take.
bool has_int16_form(TensorType type, int64_t n_cols);

/// As panel_bytes and pack_panel, of F16 or BF16 weights as Int16.
size_t int16_panel_bytes(int64_t n_cols);
void pack_int16_panel(TensorType type, const uint8_t* rows, size_t row_stride, int n_rows, int64_t n_cols,
                      uint8_t* panel);

}  // namespace realizar::kernels
