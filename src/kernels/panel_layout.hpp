#pragma once

#include <cstdint>
#include <numeric>
#include <type_traits>

#include "kernels/formats.hpp"

// How the weights of a matrix are packed for the kernels: panels of 16 rows, one vector lane a row. A 64-byte
// vector of codes holds 16 rows times 4 neighbouring columns (a k-group); eight k-groups are a chunk of 32
// columns, whose codes of b bits share b vectors: byte for byte, so that a shift and a mask takes them out.
//
// A panel is bundles of blocks one after the other, each the scales ("meta") of its blocks, which fill whole
// cache lines, then their codes: one stream of aligned vectors, which prefetchers follow, or which is asked
// for ahead (Topology::prefetch).
namespace realizar::kernels {

inline constexpr int panel_rows = 16;
inline constexpr int chunk_columns = 32;
inline constexpr int chunk_groups = 8;   // k-groups in a chunk
inline constexpr int vector_bytes = 64;  // bytes of 16 rows times 4 columns of 8 bits

/// Small integers of `Bits` bits, `Count` for each of 16 rows, in quads: a vector whose lane r is four
/// neighbouring fields of row r, a byte each. Stored are planes of bytes; or of nibbles (vector v has quad v
/// low and v + Count / 8 high), for 6 bits with a plane of pairs of bits (bits 2j and 2j + 1 of vector v are
/// of quad v + j * Count / 16).
template <int Bits, int Count>
struct FieldLayout {
  static_assert(Bits == 0 || Count % 4 == 0);
  static constexpr int stored_bits = Bits == 0                      ? 0
                                     : Bits == 6 && Count % 16 == 0 ? 6
                                     : Bits == 4 && Count % 8 == 0  ? 4
                                                                    : 8;
  static constexpr int nibble_vectors = Count / 8, pair_vectors = Count / 16;
  static constexpr int pairs_at = nibble_vectors * vector_bytes;
  static constexpr int bytes = vector_bytes * (stored_bits == 0   ? 0
                                               : stored_bits == 4 ? nibble_vectors
                                               : stored_bits == 6 ? nibble_vectors + pair_vectors
                                                                  : Count / 4);
};

/// What a panel holds for a chunk of a grid format: the low bytes of the indices (4 runs of 8 columns,
/// indices, 16 rows), the signs (4 runs, 16 rows) if there are any, and the upper bits of the indices in
/// fields of `high_bits`, the first index lowest, over (high_bytes, 16 rows).
template <class F>
struct GridChunk {
  static constexpr int runs = 4;
  static constexpr bool has_signs = F::sign_bits != 0;
  static constexpr int high_bits = F::index_bits - 8;
  static constexpr int high_bytes = (runs * F::indices * high_bits + 7) / 8;
  static constexpr int signs_at = runs * F::indices * panel_rows;
  static constexpr int high_at = signs_at + (has_signs ? runs * panel_rows : 0);
  static constexpr int bytes = high_at + high_bytes * panel_rows;
};

/// Bits [from, from + bits) of each byte of a vector, which are bits [to, to + bits) of a code.
struct CodePiece {
  int vector, from, bits, to;
};

/// How codes of `Bits` bits share the `Bits` vectors of a chunk: the code of k-group g is put together from
/// the pieces of row g. As many groups as there are vectors stand in the low bits of one, since that costs
/// least to take out; the others share what is left.
template <int Bits>
inline constexpr CodePiece code_pieces[chunk_groups][3] = {};
template <>
inline constexpr CodePiece code_pieces<2>[chunk_groups][3] = {
    {{0, 0, 2, 0}}, {{1, 0, 2, 0}}, {{0, 2, 2, 0}}, {{1, 2, 2, 0}},
    {{0, 4, 2, 0}}, {{1, 4, 2, 0}}, {{0, 6, 2, 0}}, {{1, 6, 2, 0}},
};
template <>
inline constexpr CodePiece code_pieces<3>[chunk_groups][3] = {
    {{0, 0, 3, 0}},
    {{1, 0, 3, 0}},
    {{2, 0, 3, 0}},
    {{0, 3, 3, 0}},
    {{1, 3, 3, 0}},
    {{2, 3, 3, 0}},
    {{0, 6, 2, 0}, {2, 6, 1, 2}},
    {{1, 6, 2, 0}, {2, 7, 1, 2}},
};
template <>
inline constexpr CodePiece code_pieces<4>[chunk_groups][3] = {
    {{0, 0, 4, 0}}, {{1, 0, 4, 0}}, {{2, 0, 4, 0}}, {{3, 0, 4, 0}},
    {{0, 4, 4, 0}}, {{1, 4, 4, 0}}, {{2, 4, 4, 0}}, {{3, 4, 4, 0}},
};
template <>
inline constexpr CodePiece code_pieces<5>[chunk_groups][3] = {
    {{0, 0, 5, 0}},
    {{1, 0, 5, 0}},
    {{2, 0, 5, 0}},
    {{3, 0, 5, 0}},
    {{4, 0, 5, 0}},
    {{0, 5, 3, 0}, {3, 6, 2, 3}},
    {{1, 5, 3, 0}, {4, 6, 2, 3}},
    {{2, 5, 3, 0}, {3, 5, 1, 3}, {4, 5, 1, 4}},
};
template <>
inline constexpr CodePiece code_pieces<6>[chunk_groups][3] = {
    {{0, 0, 6, 0}}, {{1, 0, 6, 0}}, {{2, 0, 6, 0}}, {{0, 6, 2, 0}, {1, 6, 2, 2}, {2, 6, 2, 4}},
    {{3, 0, 6, 0}}, {{4, 0, 6, 0}}, {{5, 0, 6, 0}}, {{3, 6, 2, 0}, {4, 6, 2, 2}, {5, 6, 2, 4}},
};
template <>
inline constexpr CodePiece code_pieces<8>[chunk_groups][3] = {
    {{0, 0, 8, 0}}, {{1, 0, 8, 0}}, {{2, 0, 8, 0}}, {{3, 0, 8, 0}},
    {{4, 0, 8, 0}}, {{5, 0, 8, 0}}, {{6, 0, 8, 0}}, {{7, 0, 8, 0}},
};

/// What a panel holds for a chunk of any other format.
template <class F>
struct PlainChunk {
  static constexpr int bytes = F::code_bits * vector_bytes;
};

template <class F>
using CodeChunk = std::conditional_t<F::codes == Codes::grid, GridChunk<F>, PlainChunk<F>>;

/// Where everything stands in a panel of format F.
template <class F>
struct PanelLayout {
  static constexpr int chunks = F::block / chunk_columns;  // of a block
  static constexpr int groups = F::block / F::group;
  static constexpr int spans = F::block / F::d_span;
  static constexpr int code_bytes = chunks * CodeChunk<F>::bytes;  // of a block

  // Meta of a block: d (spans, 16), dmin (16), the integer scales and then the mins as fields.
  static constexpr int d_bytes = F::scale_type == ScaleType::f16 || F::scale_type == ScaleType::bf16 ? 2 : 1;
  static constexpr int dmin_at = spans * panel_rows * d_bytes;
  static constexpr int fields_at = dmin_at + (F::has_min ? panel_rows * 2 : 0);
  using Fields = FieldLayout<F::scale_bits, groups*(F::has_min ? 2 : 1)>;
  static constexpr int meta_bytes = fields_at + Fields::bytes;

  /// Blocks of a bundle. The last bundle may have fewer, but keeps the room for their meta.
  static constexpr int bundle = vector_bytes / std::gcd(vector_bytes, meta_bytes);
  static constexpr int bundle_bytes = bundle * (code_bytes + meta_bytes);

  static constexpr int64_t codes_at(int64_t block) {
    return block / bundle * bundle_bytes + bundle * meta_bytes + block % bundle * code_bytes;
  }
  static constexpr int64_t meta_at(int64_t block) {
    return block / bundle * bundle_bytes + block % bundle * meta_bytes;
  }
  /// Of a panel: whole cache lines.
  static constexpr int64_t bytes(int64_t n_blocks) {
    return (codes_at(n_blocks - 1) + code_bytes + vector_bytes - 1) / vector_bytes * vector_bytes;
  }
};

}  // namespace realizar::kernels
