#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "kernels/tensor_type.hpp"

// How weights of a block format stand on a GPU. 32 rows are a panel; a row is cut into steps of 256 columns,
// a step into 8 chunks of 32. A thread has a row, and what the 32 threads of a panel load at once stands
// together, so that a load of 16 bytes a thread is one stretch of 512 bytes.
//
// Codes are cut into planes: the low four bits of a chunk fill 16 bytes ("wide"; codes of eight bits two of
// them), two bits of two chunks 16 bytes ("pairs"), one bit of four chunks 16 bytes ("bits"). Each plane is
// one stretch of a buffer, as are the scales:
//   wide (panels, steps, 8 chunks, wide_units, 32 rows) of 16 bytes
//   pairs (panels, steps, 4, 32 rows) of 16 bytes
//   bits (panels, steps, 2, 32 rows) of 16 bytes
//   scales (panels, steps, scale_words, 32 rows) of 4 bytes
namespace realizar::gpu::webgpu {

using kernels::TensorType;

inline constexpr int panel_rows = 32, step_columns = 256, chunk_columns = 32, step_chunks = 8;

struct WeightLayout {
  int code_bits;
  int offset;            // weight = code - offset; 0 for 8 bits, whose weights stand as signed bytes
  int block;             // columns that share d: 32, or 256; activations are quantised in the same blocks
  int groups_per_chunk;  // that have scales of their own: 1 or 2
  bool has_scales;       // integers, as signed bytes
  bool has_min;
  bool has_table;
  std::array<int8_t, 16> table;  // weight = table[code]; weights of grids are a dozen numbers or so
  bool d_in_f32;                 // where its exponent exceeds that of f16
  bool has_two_d;                // in a block of 32: one for each half
  float d_factor;

  /// Throws unsupported for a type that has no such layout: dense ones.
  static WeightLayout of(TensorType type);
  static bool has(TensorType type);

  int wide_units() const { return code_bits == 8 ? 2 : code_bits >= 4 ? 1 : 0; }
  bool has_pairs() const { return code_bits == 2 || code_bits == 3 || code_bits == 6; }
  bool has_bits() const { return code_bits == 3 || code_bits == 5; }
  /// Bytes of scales, then minima, of a chunk.
  int scale_bytes() const { return has_scales ? groups_per_chunk * (has_min ? 2 : 1) : 0; }
  /// Of a step of a row. Blocks of 256: d and dmin in one word, then the scale bytes of the chunks. Blocks of
  /// 32: d of the chunks in f16, or d in f32, or d and dmin, or two d, in a word each.
  int scale_words() const { return block == 256 && has_scales ? 1 + chunk_words() : chunk_words(); }
  /// Words of a step with what its chunks have of their own; where that is nothing, the one of the step.
  int chunk_words() const {
    if (block == 256) return has_scales ? scale_bytes() * step_chunks / 4 : 1;
    return has_min || d_in_f32 || has_two_d ? step_chunks : step_chunks / 2;
  }

  /// The same as constants of WGSL.
  std::string constants() const;
};

inline int64_t steps_of(int64_t n_cols) { return (n_cols + step_columns - 1) / step_columns; }

/// Bytes that the planes of one panel of rows of so many columns take.
struct PanelBytes {
  PanelBytes(const WeightLayout& layout, int64_t n_cols);
  uint64_t wide, pairs, bits, scales;

  uint64_t all() const { return wide + pairs + bits + scales; }
};

/// Packs up to 32 rows of a file as a panel, the planes one after the other, into zeros; its rows beyond them
/// stay 0.
void pack_panel(TensorType type, const std::byte* rows, int64_t n_rows, int64_t n_cols,
                std::span<std::byte> panel);

}  // namespace realizar::gpu::webgpu
