#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/tensor_type.hpp"

// How weights of a block format stand on a GPU. A row is cut into steps of 256 columns, a step into 8 chunks
// of 32, one for each of the 8 lanes (threads) that share a row; 8 rows are a panel, which a workgroup of 64
// threads multiplies. What the threads of a panel load at once stands together, so that a load of 16 bytes a
// thread is one stretch of 1 KiB.
//
// Codes are cut into planes: the low four bits of a chunk fill 16 bytes ("wide"; codes of eight bits two of
// them), two bits 8 bytes ("pairs"), one bit 4 bytes ("bits"). Each plane is one stretch of a buffer, as are
// the scales ("meta"):
//   wide (panels, steps, wide_units, 8 rows, 8 lanes) of 16 bytes
//   pairs, bits (panels, steps, 8 rows, 8 lanes)
//   meta (panels, steps, 8 rows, meta_words)
namespace realizar::gpu::webgpu {

using kernels::TensorType;

inline constexpr int panel_rows = 8, row_lanes = 8, step_columns = 256, chunk_columns = 32;

struct WeightLayout {
  int code_bits;
  int offset;            // weight = code - offset; 0 for 8 bits, whose weights stand as signed bytes
  int block;             // columns that share d: 32, or 256; activations are quantised in the same blocks
  int groups_per_chunk;  // that have scales of their own: 1 or 2
  bool has_scales;       // integers, as signed bytes
  bool has_min;
  bool has_table;
  std::array<int8_t, 16> table;  // weight = table[code]
  float d_factor;

  /// Throws unsupported for a type that has no such layout: dense ones, grids, and scales other than f16.
  static WeightLayout of(TensorType type);
  static bool has(TensorType type);

  int wide_units() const { return code_bits == 8 ? 2 : code_bits >= 4 ? 1 : 0; }
  bool has_pairs() const { return code_bits == 2 || code_bits == 3 || code_bits == 6; }
  bool has_bits() const { return code_bits == 3 || code_bits == 5; }
  /// Bytes of scales, then minima, of a chunk.
  int scale_bytes() const { return has_scales ? groups_per_chunk * (has_min ? 2 : 1) : 0; }
  /// Of a step of a row. Blocks of 256: d and dmin in one word, then the scale bytes of the chunks. Blocks of
  /// 32: d of the chunks in f16, or d and dmin in a word each.
  int meta_words() const { return block == 256 ? 1 + scale_bytes() * row_lanes / 4 : has_min ? 8 : 4; }

  /// The same as constants of WGSL.
  std::string constants() const;
};

/// Words of 32 bits of panels, plane by plane.
struct PackedPanels {
  std::vector<uint32_t> wide, pairs, bits, meta;
};

inline int64_t steps_of(int64_t n_cols) { return (n_cols + step_columns - 1) / step_columns; }

/// Panels [first_panel, first_panel + n_panels) of the rows (n_rows, n_cols) of a file; what is beyond the
/// last row and column is 0. Throws unsupported as `WeightLayout::of` does, invalid_argument when the file
/// has another size.
PackedPanels pack_panels(TensorType type, std::span<const std::byte> file, int64_t n_rows, int64_t n_cols,
                         int64_t first_panel, int64_t n_panels);

}  // namespace realizar::gpu::webgpu
