#pragma once

#include "backend/topology.hpp"
#include "kernels/generic/vocabulary.hpp"

// Reading a panel: the codes of a chunk as bytes that dot products take, and the scales of a block.
namespace realizar::kernels::generic {

/// How the bytes given to a dot product stand for weights: weight = byte - offset, the byte signed or not.
template <class V, class F>
struct Operand {
  static constexpr bool wide = F::codes == Codes::table || F::codes == Codes::grid || F::code_bits == 8;
  static constexpr bool is_signed = wide && V::signed_dot;
  static constexpr int offset = is_signed ? 0 : wide ? 128 : F::offset;

  static constexpr int largest() {
    if constexpr (!wide) return (1 << F::code_bits) - 1;
    if constexpr (F::codes == Codes::grid) return 62;
    if constexpr (F::codes == Codes::table) {
      int out = 0;
      for (const int8_t w : F::table) out = w > out ? w : -w > out ? -w : out;
      return out;
    }
    return 128;
  }
  /// Products that one Dot takes without overflow.
  static constexpr int raw_depth = V::depth(largest() * 127);

  /// Products that it takes when the offset is taken off before they are summed, which makes the weights
  /// smaller: a sum may pass its bounds on the way, since it comes back.
  static constexpr int centred_depth() {
    constexpr bool can = !wide && F::codes == Codes::offset && F::d_span > chunk_columns && F::group == 16 &&
                         2 * F::offset > largest();
    if constexpr (can) return smaller(V::depth(F::offset * 127), F::group / 4);
    return 0;
  }
  static constexpr bool centred = centred_depth() > raw_depth;
  static constexpr int depth = centred ? centred_depth() : raw_depth;
};

template <class V, class F>
struct WeightTable {
  alignas(16) uint8_t byte[16];
  constexpr WeightTable() : byte{} {
    for (int i = 0; i < 16; ++i) byte[i] = static_cast<uint8_t>(F::table[i] + Operand<V, F>::offset);
  }
};

/// Bits [from, from + bits) of each byte, moved to bit `to`.
template <class V>
[[gnu::always_inline]] inline typename V::I32 bits_of(typename V::I32 v, int from, int bits, int to) {
  if (bits == 8) return v;
  const auto moved = from > to ? V::shr(v, from - to) : from < to ? V::shl(v, to - from) : v;
  return V::and_(moved, V::set1_i32((((1 << bits) - 1) << to) * 0x01010101));
}

/// What dot products take as k-group `g` of a chunk: the four columns of each row; vector(i) is vector i of
/// the chunk.
template <class V, class F, int g, class Vector>
[[gnu::always_inline]] inline typename V::I32 codes_of_group(const Vector& vector) {
  constexpr auto& piece = code_pieces<F::code_bits>[g];
  const auto take = [&](const CodePiece& p) __attribute__((always_inline)) {
    return bits_of<V>(vector(p.vector), p.from, p.bits, p.to);
  };
  auto codes = take(piece[0]);
  if constexpr (piece[1].bits != 0) codes = V::or_(codes, take(piece[1]));
  if constexpr (piece[2].bits != 0) codes = V::or_(codes, take(piece[2]));
  if constexpr (F::codes == Codes::table) {
    static constexpr WeightTable<V, F> table;
    return V::lookup16(codes, table.byte);
  }
  if constexpr (Operand<V, F>::is_signed) return V::xor_(codes, V::set1_i32(INT32_C(-0x7f7f7f80)));
  return codes;
}

/// The codes of V::width rows from `first_row` on: w[g] has the four columns of k-group g of each row.
template <class V, class F>
[[gnu::always_inline]] inline void load_plain(const uint8_t* chunk, int first_row,
                                              typename V::I32 (&w)[chunk_groups]) {
  typename V::I32 vectors[F::code_bits];
  for (int i = 0; i < F::code_bits; ++i) vectors[i] = V::load_bytes(chunk + 4 * first_row + i * vector_bytes);
  unrolled<chunk_groups>([&](auto g) __attribute__((always_inline)) {
    w[g] = codes_of_group<V, F, g>([&](int i) __attribute__((always_inline)) { return vectors[i]; });
  });
}

/// The weights of a chunk of a grid format, looked up and given their signs.
template <class V, class F>
[[gnu::always_inline]] inline void load_grid(const uint8_t* chunk, int first_row,
                                             typename V::I32 (&w)[chunk_groups]) {
  using G = GridChunk<F>;
  constexpr int values = 8 / F::indices;  // of one vector of the grid
  alignas(64) uint8_t bytes[chunk_groups][4 * V::width];
  const int8_t* grid = F::grid();
  for (int r = 0; r < V::width; ++r) {
    const uint8_t* row = chunk + first_row + r;
    uint32_t high = 0;
    for (int i = 0; i < G::high_bytes; ++i)
      high |= static_cast<uint32_t>(row[G::high_at + i * panel_rows]) << (8 * i);
    for (int i = 0; i < G::runs * F::indices; ++i) {
      const uint32_t upper = high >> (i * G::high_bits) & ((1u << G::high_bits) - 1);
      const int8_t* vector = grid + (row[i * panel_rows] | upper << 8) * values;
      for (int part = 0; part < values / 4; ++part)
        std::memcpy(bytes[i * values / 4 + part] + 4 * r, vector + 4 * part, 4);
    }
  }
  for (int g = 0; g < chunk_groups; ++g) {
    w[g] = V::load_bytes(bytes[g]);
    if constexpr (G::has_signs) {
      // Byte j of a lane becomes 0xff where bit j of the nibble is set. Weights are not 0, so negating bytes
      // as ~w + 1 carries nothing to the next.
      alignas(16) static constexpr uint8_t all_ones[16] = {0, 0xff, 0xff, 0, 0xff, 0, 0, 0, 0xff};
      const auto eight = V::load_u8(chunk + G::signs_at + g / 2 * panel_rows + first_row);
      const auto four = V::and_(g % 2 == 0 ? eight : V::shr(eight, 4), V::set1_i32(15));
      const auto each = V::and_(V::mul(four, V::set1_i32(0x01010101)), V::set1_i32(0x08040201));
      const auto mask = V::lookup16(each, all_ones);
      w[g] = V::add(V::xor_(w[g], mask), V::and_(mask, V::set1_i32(0x01010101)));
    }
    if constexpr (!Operand<V, F>::is_signed) w[g] = V::xor_(w[g], V::set1_i32(INT32_C(-0x7f7f7f80)));
  }
}

template <class V, class F>
[[gnu::always_inline]] inline void load_codes(const uint8_t* chunk, int first_row,
                                              typename V::I32 (&w)[chunk_groups]) {
  if constexpr (F::codes == Codes::grid)
    load_grid<V, F>(chunk, first_row, w);
  else
    load_plain<V, F>(chunk, first_row, w);
}

template <class F>
[[gnu::always_inline]] inline const uint8_t* chunk_of(const uint8_t* panel, int64_t chunk) {
  using L = PanelLayout<F>;
  return panel + L::codes_at(chunk / L::chunks) + chunk % L::chunks * CodeChunk<F>::bytes;
}

/// Asks for the `Bytes` that stand `ahead` of others. Of page starts a quarter as much, chosen by how far
/// within its page the stream is: when it comes to the end, it has asked for a quarter of a page.
template <int Bytes>
[[gnu::always_inline]] inline void prefetch(const uint8_t* from, backend::Prefetch ahead) {
  if (ahead.bytes == 0) return;
  if (ahead.page_starts) {
    constexpr uintptr_t page = 4096;
    const auto at = reinterpret_cast<uintptr_t>(from) + static_cast<uintptr_t>(ahead.bytes);
    const uintptr_t line = at % page / 4 / vector_bytes * vector_bytes;
    for (uintptr_t i = 0; i < Bytes; i += 4 * vector_bytes)
      __builtin_prefetch(from + ahead.bytes - at % page + line + i / 4, 0, 2);
    return;
  }
  for (int i = 0; i < Bytes; i += vector_bytes) __builtin_prefetch(from + ahead.bytes + i, 0, 3);
}

/// The same of a chunk and, with the first chunk of a block, of the block's scales: chunk by chunk, of all
/// that a panel holds.
template <class F>
[[gnu::always_inline]] inline void prefetch_chunk(const uint8_t* panel, int64_t chunk,
                                                  backend::Prefetch ahead) {
  using L = PanelLayout<F>;
  prefetch<CodeChunk<F>::bytes>(chunk_of<F>(panel, chunk), ahead);
  if (chunk % L::chunks == 0) prefetch<L::meta_bytes>(panel + L::meta_at(chunk / L::chunks), ahead);
}

/// The values of all bytes that a one-byte scale may hold.
template <class F>
struct ScaleTable {
  float value[256];
  constexpr ScaleTable() : value{} {
    for (int i = 0; i < 256; ++i) value[i] = d_value<F>(static_cast<uint16_t>(i));
  }
};

/// The scales of one block for V::width rows.
template <class V, class F>
struct BlockScales {
  using L = PanelLayout<F>;
  using F32 = typename V::F32;
  using I32 = typename V::I32;

  static constexpr bool signed_scales = F::scale_signed || F::scale_offset != 0;

  const uint8_t* meta;
  int first_row;

  F32 d(int span) const {
    if constexpr (F::scale_type == ScaleType::e8m0) {
      // 2^(e - 128): the exponent e - 1, and for e < 2, where it would be below all exponents, the bits of a
      // denormal number, which are larger then and smaller from there on.
      const I32 e = V::load_u8(meta + span * panel_rows + first_row);
      const I32 normal = V::shl(V::sub(e, V::set1_i32(1)), 23),
                denormal = V::shl(V::add(e, V::set1_i32(1)), 21);
      return V::from_bits(V::max(normal, denormal));
    } else if constexpr (L::d_bytes == 1) {
      static constexpr ScaleTable<F> table;
      return V::gather(table.value, V::load_u8(meta + span * panel_rows + first_row));
    } else if constexpr (F::scale_type == ScaleType::bf16) {
      return V::load_bf16(reinterpret_cast<const uint16_t*>(meta) + span * panel_rows + first_row);
    } else {
      const F32 d = load_halves(span * panel_rows * 2);
      return F::d_factor == 1 ? d : V::mul(d, V::set1(F::d_factor));
    }
  }
  F32 dmin() const { return load_halves(L::dmin_at); }

  /// Four integer scales, or mins, of each row, a byte each: the scales come first; they are signed where
  /// `signed_scales` says so.
  I32 quad(int q) const {
    using Fields = typename L::Fields;
    const uint8_t* fields = meta + L::fields_at + 4 * first_row;
    if constexpr (Fields::stored_bits == 8) {
      return V::load_bytes(fields + q * vector_bytes);
    } else {
      constexpr int nibbles = Fields::nibble_vectors;
      const I32 low = bits_of<V>(V::load_bytes(fields + q % nibbles * vector_bytes), q / nibbles * 4, 4, 0);
      if constexpr (Fields::stored_bits == 4) return low;
      constexpr int pairs = Fields::pair_vectors;
      const I32 high = V::load_bytes(fields + Fields::pairs_at + q % pairs * vector_bytes);
      const I32 value = V::or_(low, bits_of<V>(high, q / pairs * 2, 2, 4));
      if constexpr (!signed_scales) return value;
      const I32 sign = V::and_(value, V::set1_i32(0x20202020));
      return V::or_(value, V::or_(V::shl(sign, 1), V::shl(sign, 2)));
    }
  }

  /// The integer scale of a group.
  I32 scale(int group) const {
    if constexpr (F::scale_bits == 0) {
      return V::set1_i32(1);
    } else {
      const I32 bytes = quad(group / 4);
      if constexpr (signed_scales) return V::sar(V::shl(bytes, 24 - group % 4 * 8), 24);
      return byte_of(bytes, group % 4);
    }
  }
  /// The integer min of a group.
  I32 min(int group) const {
    if constexpr (F::scale_bits == 0)
      return V::set1_i32(1);
    else
      return byte_of(quad((L::groups + group) / 4), group % 4);
  }

 private:
  static I32 byte_of(I32 bytes, int i) { return V::and_(V::shr(bytes, 8 * i), V::set1_i32(255)); }
  F32 load_halves(int at) const {
    uint16_t halves[V::width];
    std::memcpy(halves, meta + at + first_row * 2, sizeof(halves));
    return V::load_f16(halves);
  }
};

}  // namespace realizar::kernels::generic
