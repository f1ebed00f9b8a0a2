#pragma once

#include "kernels/generic/fast_products.hpp"

// Products of 16 tokens at a time with matrix registers ("tiles", Intel AMX): a tile of tokens (16, k bytes)
// times a tile of weights (k / 4 k-groups, 16 rows of 4 bytes), which is what a panel holds once its codes
// are bytes. The results are the integers of fast_products.hpp, so they have its bits.
//
// V has, beyond the vocabulary: configure_tiles, release_tiles; zero_tile<t>, load_tile<t>(from,
// stride), store_tile<t>(to, stride), dot_tiles<sum, a, b> (signed bytes); sub_bytes; scale_words(bytes, i,
// is_signed): byte i of each lane as two int16; mul_bytes(signed bytes, words): their products as int16.
namespace realizar::kernels::generic {

inline constexpr int tile_tokens = 16;

/// V, where bytes given to products are signed.
template <class V>
struct SignedBytes : V {
  static constexpr bool signed_dot = true;
};

/// The weights of a chunk as signed bytes.
template <class V, class F>
[[gnu::always_inline]] inline void load_weights(const uint8_t* chunk, typename V::I32 (&w)[chunk_groups]) {
  load_codes<SignedBytes<V>, F>(chunk, 0, w);
  constexpr int offset = Operand<SignedBytes<V>, F>::offset;
  if constexpr (offset != 0)
    for (auto& bytes : w) bytes = V::sub_bytes(bytes, V::set1_i32(offset * 0x01010101));
}

/// The shapes of tiles as LDTILECFG reads them (Intel SDM volume 1, 18.2).
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

/// Tiles 0 to 3 hold sums, 4 and 5 tokens, 6 and 7 weights of `k` columns.
constexpr TileConfig tile_config(int k) {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = static_cast<uint16_t>(tile == 4 || tile == 5 ? k : vector_bytes);
    config.rows[tile] = static_cast<uint8_t>(tile < 6 ? tile_tokens : k / 4);
  }
  return config;
}

/// A panel times `n_tokens`, a multiple of 16; acc (n_tokens).
template <class V, class F>
void tile_short_spans(const uint8_t* panel, int64_t n_cols, const QuantizedTokens& x, int64_t first,
                      int n_tokens, typename V::F32* acc) {
  using L = PanelLayout<F>;
  using F32 = typename V::F32;
  constexpr int spans = chunk_columns / F::d_span;
  for (int64_t chunk = 0; chunk < n_cols / chunk_columns; ++chunk) {
    typename V::I32 w[chunk_groups];
    const uint8_t* codes = chunk_of<F>(panel, chunk);
    prefetch_chunk<V, F>(codes);
    load_weights<V, F>(codes, w);
    alignas(64) uint8_t weights[chunk_groups * vector_bytes];
    for (int g = 0; g < chunk_groups; ++g) V::store_bytes(weights + g * vector_bytes, w[g]);
    V::template load_tile<6>(weights, vector_bytes);
    if constexpr (spans == 2) V::template load_tile<7>(weights + sizeof(weights) / 2, vector_bytes);
    const BlockScales<V, F> scales{panel + L::meta_at(chunk / L::chunks), 0};
    F32 d[spans], dmin;
    for (int s = 0; s < spans; ++s) d[s] = scales.d(static_cast<int>(chunk % L::chunks) * spans + s);
    if constexpr (F::has_min) dmin = scales.dmin();
    const int64_t at = chunk * x.n_tokens + first;
    for (int t = 0; t < n_tokens; t += tile_tokens) {
      alignas(64) int32_t sums[spans][tile_tokens][panel_rows];
      const int8_t* tokens = x.codes + (at + t) * chunk_columns;
      V::template zero_tile<0>();
      V::template load_tile<4>(tokens, chunk_columns);
      V::template dot_tiles<0, 4, 6>();
      V::template store_tile<0>(sums[0], vector_bytes);
      if constexpr (spans == 2) {
        V::template zero_tile<1>();
        V::template load_tile<5>(tokens + F::d_span, chunk_columns);
        V::template dot_tiles<1, 5, 7>();
        V::template store_tile<1>(sums[1], vector_bytes);
      }
      for (int i = 0; i < tile_tokens; ++i) {
        F32& out = acc[t + i];
        const F32 dx = V::set1(x.d[at + t + i]);
        for (int s = 0; s < spans; ++s)
          out = V::fma(V::mul(V::to_float(V::load_bytes(sums[s][i])), d[s]), dx, out);
        if constexpr (F::has_min) out = V::fma(dmin, V::set1(x.minus_sums[at + t + i]), out);
      }
    }
  }
}

/// A super-block's weights times their integer scales, as tiles take them. The products are 128 * high + low
/// with low in [0, 127], or low alone where they fit a byte; so one sum spans all 256 columns.
template <class V, class F>
struct ScaledWeights {
  using L = PanelLayout<F>;
  using I32 = typename V::I32;
  using Scales = BlockScales<V, F>;

  static constexpr int largest_weight() {
    if constexpr (F::codes == Codes::offset)
      return F::offset > (1 << F::code_bits) - 1 - F::offset ? F::offset
                                                             : (1 << F::code_bits) - 1 - F::offset;
    return Operand<SignedBytes<V>, F>::largest();
  }
  static constexpr int largest_scale = F::scale_bits == 0      ? 1
                                       : Scales::signed_scales ? 1 << (F::scale_bits - 1)
                                                               : (1 << F::scale_bits) - 1;
  static constexpr bool split = largest_scale * largest_weight() > 127;
  static_assert(largest_scale * largest_weight() <= 64 * 128);
  static constexpr int bytes = F::block * panel_rows;

  alignas(64) uint8_t low[bytes];
  alignas(64) uint8_t high[split ? bytes : 1];

  [[gnu::always_inline]] void read(const uint8_t* panel, int64_t block) {
    const Scales scales{panel + L::meta_at(block), 0};
    I32 scale[L::groups];
    if constexpr (F::scale_bits != 0)
      for (int group = 0; group < L::groups; ++group)
        scale[group] = V::scale_words(scales.quad(group / 4), group % 4, Scales::signed_scales);
    for (int c = 0; c < L::chunks; ++c) {
      I32 w[chunk_groups];
      const uint8_t* codes = panel + L::codes_at(block) + c * CodeChunk<F>::bytes;
      prefetch_chunk<V, F>(codes);
      load_weights<V, F>(codes, w);
      unrolled<chunk_groups>([&](auto g) __attribute__((always_inline)) {
        const int at = (c * chunk_groups + g) * vector_bytes;
        if constexpr (F::scale_bits == 0) {
          V::store_bytes(low + at, w[g]);
        } else {
          const auto products = V::mul_bytes(w[g], scale[(c * chunk_columns + 4 * g) / F::group]);
          V::store_bytes(low + at, split ? products.low_7_bits() : products.low_bytes());
          if constexpr (split) V::store_bytes(high + at, products.above_7_bits());
        }
      });
    }
  }
};

/// sums[i] (2 or 1: low and high, 16 tokens, 16 rows) of `N` tiles of tokens.
template <class V, class F, int N>
[[gnu::always_inline]] inline void dot_super_block(const ScaledWeights<V, F>& weights, const int8_t* tokens,
                                                   int64_t plane,
                                                   int32_t (*sums)[2][tile_tokens][panel_rows]) {
  constexpr bool split = ScaledWeights<V, F>::split;
  constexpr int k = QuantizedTokens::pair_columns, tile_bytes = k * panel_rows;
  V::template zero_tile<0>();
  if constexpr (split) V::template zero_tile<1>();
  if constexpr (N == 2) V::template zero_tile<2>();
  if constexpr (N == 2 && split) V::template zero_tile<3>();
  for (int i = 0; i < F::block / k; ++i) {
    const int8_t* from = tokens + i * plane;
    V::template load_tile<4>(from, k);
    V::template load_tile<6>(weights.low + i * tile_bytes, vector_bytes);
    V::template dot_tiles<0, 4, 6>();
    if constexpr (split) {
      V::template load_tile<7>(weights.high + i * tile_bytes, vector_bytes);
      V::template dot_tiles<1, 4, 7>();
    }
    if constexpr (N == 2) {
      V::template load_tile<5>(from + tile_tokens * k, k);
      V::template dot_tiles<2, 5, 6>();
      if constexpr (split) V::template dot_tiles<3, 5, 7>();
    }
  }
  V::template store_tile<0>(sums[0][0], vector_bytes);
  if constexpr (split) V::template store_tile<1>(sums[0][1], vector_bytes);
  if constexpr (N == 2) V::template store_tile<2>(sums[1][0], vector_bytes);
  if constexpr (N == 2 && split) V::template store_tile<3>(sums[1][1], vector_bytes);
}

template <class V, class F>
void tile_super_blocks(const uint8_t* panel, int64_t n_cols, const QuantizedTokens& x, int64_t first,
                       int n_tokens, typename V::F32* acc) {
  using L = PanelLayout<F>;
  constexpr bool split = ScaledWeights<V, F>::split;
  const int64_t plane = x.n_tokens * QuantizedTokens::pair_columns;
  ScaledWeights<V, F> weights;
  for (int64_t block = 0; block < n_cols / F::block; ++block) {
    weights.read(panel, block);
    const BlockScales<V, F> scales{panel + L::meta_at(block), 0};
    SuperBlock<V, F> integers;
    integers.read(scales);
    const auto d = scales.d(0);
    auto dmin = V::set1(0);
    if constexpr (F::has_min) dmin = scales.dmin();
    const int64_t block_at = block * x.n_tokens + first;
    const int8_t* tokens = x.codes_of(F::block, block * L::chunks, first);
    for (int t = 0; t < n_tokens;) {
      const int n_tiles = n_tokens - t >= 2 * tile_tokens ? 2 : 1;
      alignas(64) int32_t sums[2][2][tile_tokens][panel_rows];
      const int8_t* from = tokens + t * QuantizedTokens::pair_columns;
      if (n_tiles == 2)
        dot_super_block<V, F, 2>(weights, from, plane, sums);
      else
        dot_super_block<V, F, 1>(weights, from, plane, sums);
      for (int i = 0; i < n_tiles * tile_tokens; ++i) {
        const auto& both = sums[i / tile_tokens];
        auto sum = V::load_bytes(both[0][i % tile_tokens]);
        if constexpr (split) sum = V::add(sum, V::shl(V::load_bytes(both[1][i % tile_tokens]), 7));
        auto value = V::mul(V::to_float(sum), d);
        if constexpr (F::has_min)
          value = V::fnma(V::to_float(integers.min_sum(x.group_sums[block_at + t + i])), dmin, value);
        acc[t + i] = V::fma(value, V::set1(x.d[block_at + t + i]), acc[t + i]);
      }
      t += n_tiles * tile_tokens;
    }
  }
}

/// As fast_product: tokens that fill tiles go through them, the rest does not.
template <class V, class F>
void tile_product(const uint8_t* panels, int n_panels, int64_t n_cols, const QuantizedTokens& x,
                  int64_t first, int n_tokens, float* out) {
  const int in_tiles = n_tokens / tile_tokens * tile_tokens, rest = n_tokens - in_tiles;
  if (in_tiles == 0) return fast_product<V, F>(panels, n_panels, n_cols, x, first, n_tokens, out);
  constexpr bool short_spans = F::d_span <= chunk_columns;
  static constexpr auto config =
      tile_config(short_spans ? smaller(F::d_span, chunk_columns) : QuantizedTokens::pair_columns);
  const int64_t stride = PanelLayout<F>::bytes(n_cols / F::block);
  V::configure_tiles(config);
  for (int p = 0; p < n_panels; ++p, panels += stride, out += n_tokens * panel_rows) {
    typename V::F32 acc[max_tile_tokens];
    for (int t = 0; t < in_tiles; ++t) acc[t] = V::set1(0);
    if constexpr (short_spans)
      tile_short_spans<V, F>(panels, n_cols, x, first, in_tiles, acc);
    else
      tile_super_blocks<V, F>(panels, n_cols, x, first, in_tiles, acc);
    for (int t = 0; t < in_tiles; ++t) V::store(out + t * panel_rows, acc[t]);
    if (rest > 0)
      fast_tile<V, F, 1, true>({panels, stride}, n_cols, x, first + in_tiles, rest,
                               out + in_tiles * panel_rows);
  }
  V::release_tiles();
}

/// `table` with products by tiles.
template <class V>
KernelTable with_tile_products(KernelTable table) {
  [&]<class... F>(FormatList<F...>) {
    ((table.fast[static_cast<int>(F::type)] = tile_product<V, F>), ...);
  }(AllBlockFormats{});
  return table;
}

}  // namespace realizar::kernels::generic
