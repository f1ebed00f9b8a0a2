#pragma once

#include "kernels/generic/fast_products.hpp"

// Products of 16 tokens at a time with matrix registers ("tiles", Intel AMX): a tile of tokens (16, k bytes)
// times a tile of weights (k / 4 k-groups, 16 rows of 4 bytes), which is what a panel holds once its codes
// are bytes. The results are the integers of fast_products.hpp, so they have its bits.
//
// V has, beyond the vocabulary: configure_tiles, release_tiles; zero_tile<t>, load_tile<t>(from,
// stride), store_tile<t>(to, stride), dot_tiles<sum, a, b, unsigned_b> (bytes, those of a signed);
// store_bytes, sub_bytes; low_words(bytes, i): byte i of each lane as two uint16, high_words: 256 times that
// as two int16; mul_words (16 bits); mul_bytes(signed bytes, high words): products as int16, with their low
// and high bytes. without_tiles() are the kernels for tokens that fill no tile.
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

/// One chunk of a panel times `n_tokens`, a multiple of 16.
template <class V, class F>
void tile_chunk(const uint8_t* panel, backend::Prefetch ahead, int64_t chunk, const QuantizedTokens& x,
                int64_t first, int n_tokens, typename V::F32* acc) {
  using L = PanelLayout<F>;
  using F32 = typename V::F32;
  constexpr int spans = chunk_columns / F::d_span;
  typename V::I32 w[chunk_groups];
  prefetch_chunk<F>(panel, chunk, ahead);
  load_weights<V, F>(chunk_of<F>(panel, chunk), w);
  alignas(64) uint8_t weights[chunk_groups * vector_bytes];
  for (int g = 0; g < chunk_groups; ++g) V::store_bytes(weights + g * vector_bytes, w[g]);
  V::template load_tile<6>(weights, vector_bytes);
  if constexpr (spans == 2) V::template load_tile<7>(weights + sizeof(weights) / 2, vector_bytes);
  const BlockScales<V, F> scales{panel + L::meta_at(chunk / L::chunks), 0};
  F32 d[spans], dmin;
  for (int s = 0; s < spans; ++s) d[s] = scales.d(static_cast<int>(chunk % L::chunks) * spans + s);
  if constexpr (F::has_min) dmin = scales.dmin();
  const int64_t at = chunk * x.stride + first;
  constexpr int most_tiles = 4 / spans;
  alignas(64) int32_t sums[most_tiles][spans][tile_tokens][panel_rows];
  const auto multiply = [&](int from, auto n_tiles) __attribute__((always_inline)) {
    const int8_t* tokens = x.codes + (at + from) * chunk_columns;
    const float *token_d = x.d + at + from, *minus_sums = x.minus_sums + at + from;
    F32* to = acc + from;
    unrolled<n_tiles * spans>([&](auto i) __attribute__((always_inline)) {
      constexpr int t = i / spans, s = i % spans, in = 4 + i % 2;
      V::template zero_tile<i>();
      V::template load_tile<in>(tokens + t * tile_tokens * chunk_columns + s * F::d_span, chunk_columns);
      V::template dot_tiles<i, in, 6 + s, false>();
    });
    unrolled<n_tiles * spans>(
        [&](auto i) { V::template store_tile<i>(sums[i / spans][i % spans], vector_bytes); });
    for (int tile = 0; tile < n_tiles; ++tile)
      for (int i = 0; i < tile_tokens; ++i) {
        const int token = tile * tile_tokens + i;
        F32& out = to[token];
        const F32 dx = V::set1(token_d[token]);
        for (int s = 0; s < spans; ++s)
          out = V::fma(V::to_float(V::load_bytes(sums[tile][s][i])), V::mul(d[s], dx), out);
        if constexpr (F::has_min) out = V::fma(dmin, V::set1(minus_sums[token]), out);
      }
  };
  int t = 0;
  for (; t + most_tiles * tile_tokens <= n_tokens; t += most_tiles * tile_tokens)
    multiply(t, std::integral_constant<int, most_tiles>{});
  for (; t < n_tokens; t += tile_tokens) multiply(t, std::integral_constant<int, 1>{});
}

/// A super-block's weights times their integer scales, as tiles take them: bytes, or twice bytes of which the
/// second count 2^shift times as much. So one sum spans all 256 columns.
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
  static constexpr int largest = largest_scale * largest_weight();
  /// Without signs the scale is what is split: as long as a code times a part of it stays below 256, one
  /// multiplication of 16 bits does two codes.
  static constexpr bool no_signs =
      F::codes == Codes::identity && F::scale_bits != 0 && !Scales::signed_scales;
  static constexpr bool split = largest > (no_signs ? 255 : 127);
  static constexpr int shift = no_signs ? (F::scale_bits + 1) / 2 : 8;
  static constexpr bool unsigned_low = no_signs || split, unsigned_high = no_signs;
  static_assert(!no_signs || !split || largest_weight() * ((1 << shift) - 1) <= 255);
  static_assert(largest < 1 << 15);
  static constexpr int bytes = F::block * panel_rows;
  static constexpr int parts = no_signs && split ? 2 : 1;  // of a scale

  alignas(64) uint8_t low[bytes];
  alignas(64) uint8_t high[split ? bytes : 1];
  I32 scale[L::groups][parts];

  /// Before the chunks of a block.
  [[gnu::always_inline]] void read_scales(const uint8_t* panel, int64_t block) {
    if constexpr (F::scale_bits != 0) {
      const Scales scales{panel + L::meta_at(block), 0};
      unrolled<L::groups>([&](auto group) __attribute__((always_inline)) {
        const I32 quad = scales.quad(group / 4);
        for (int part = 0; part < parts; ++part)
          scale[group][part] = !no_signs ? V::high_words(quad, group % 4)
                               : parts == 1
                                   ? V::low_words(quad, group % 4)
                                   : V::low_words(bits_of<V>(quad, part * shift, shift, 0), group % 4);
      });
    }
  }

  [[gnu::always_inline]] void read_chunk(const uint8_t* panel, backend::Prefetch ahead, int64_t block,
                                         int c) {
    I32 w[chunk_groups];
    const uint8_t* codes = panel + L::codes_at(block) + c * CodeChunk<F>::bytes;
    prefetch<CodeChunk<F>::bytes>(codes, ahead);
    load_weights<V, F>(codes, w);
    constexpr int chunk_bytes = chunk_groups * vector_bytes;
    uint8_t *to_low = low + c * chunk_bytes, *to_high = split ? high + c * chunk_bytes : high;
    const I32(*scales)[parts] = scale + c * L::groups / L::chunks;
    unrolled<chunk_groups>([&](auto g) __attribute__((always_inline)) {
      const auto put = [&](I32 low_bytes, I32 high_bytes) __attribute__((always_inline)) {
        V::store_bytes(to_low + g * vector_bytes, low_bytes);
        if constexpr (split) V::store_bytes(to_high + g * vector_bytes, high_bytes);
      };
      if constexpr (F::scale_bits == 0) {
        put(w[g], w[g]);
        return;
      }
      const I32(&by)[parts] = scales[4 * g / F::group];
      if constexpr (no_signs) {
        put(V::mul_words(w[g], by[0]), V::mul_words(w[g], by[parts - 1]));
      } else {
        const auto products = V::mul_bytes(w[g], by[0]);
        put(products.low_bytes(), products.high_bytes());
      }
    });
  }
};

/// The sums of a super-block of a panel: (tiles of tokens; low and high; 16 tokens, 16 rows).
template <class V, class F>
struct TileSums {
  alignas(64) int32_t sum[2][2][tile_tokens][panel_rows];

  /// `N` tiles of tokens, planes of 64 columns `plane` bytes apart. beside(i), i in [0, 4), is computed while
  /// the tiles work.
  template <int N, class Beside>
  [[gnu::always_inline]] void multiply(const ScaledWeights<V, F>& weights, const int8_t* tokens,
                                       int64_t plane, const Beside& beside) {
    using W = ScaledWeights<V, F>;
    constexpr bool split = W::split;
    constexpr int k = QuantizedTokens::pair_columns, tile_bytes = k * panel_rows;
    V::template zero_tile<0>();
    if constexpr (split) V::template zero_tile<1>();
    if constexpr (N == 2) V::template zero_tile<2>();
    if constexpr (N == 2 && split) V::template zero_tile<3>();
#pragma GCC unroll 1  // all of it would not fit the cache of decoded instructions
    for (int i = 0; i < F::block / k; ++i) {
      const int8_t* from = tokens + i * plane;
      V::template load_tile<4>(from, k);
      V::template load_tile<6>(weights.low + i * tile_bytes, vector_bytes);
      V::template dot_tiles<0, 4, 6, W::unsigned_low>();
      if constexpr (split) {
        V::template load_tile<7>(weights.high + i * tile_bytes, vector_bytes);
        V::template dot_tiles<1, 4, 7, W::unsigned_high>();
      }
      if constexpr (N == 2) {
        V::template load_tile<5>(from + tile_tokens * k, k);
        V::template dot_tiles<2, 5, 6, W::unsigned_low>();
        if constexpr (split) V::template dot_tiles<3, 5, 7, W::unsigned_high>();
      }
      beside(i);
    }
    V::template store_tile<0>(sum[0][0], vector_bytes);
    if constexpr (split) V::template store_tile<1>(sum[0][1], vector_bytes);
    if constexpr (N == 2) V::template store_tile<2>(sum[1][0], vector_bytes);
    if constexpr (N == 2 && split) V::template store_tile<3>(sum[1][1], vector_bytes);
  }

  /// The sum of a token of a tile.
  [[gnu::always_inline]] typename V::I32 of(int tile, int token) const {
    const auto low = V::load_bytes(sum[tile][0][token]);
    if constexpr (!ScaledWeights<V, F>::split) return low;
    return V::add(low, V::shl(V::load_bytes(sum[tile][1][token]), ScaledWeights<V, F>::shift));
  }
};

/// What turns the sums of a super-block into f32. Of the integers only the mins: tiles have met the scales.
template <class V, class F>
struct SuperBlockScales {
  SuperBlock<V, F> integers;
  typename V::F32 d, dmin;

  [[gnu::always_inline]] void read(const uint8_t* panel, int64_t block) {
    const BlockScales<V, F> scales{panel + PanelLayout<F>::meta_at(block), 0};
    d = scales.d(0);
    if constexpr (F::has_min) {
      integers.read_mins(scales);
      dmin = scales.dmin();
    }
  }
};

/// Sums of up to two tiles of tokens with a super-block of a panel, to be added to what they had before.
template <class V, class F>
struct PendingSums {
  const TileSums<V, F>* sums;
  const SuperBlockScales<V, F>* scales;
  const GroupSums* group_sums;
  const float* d;  // of the tokens
  typename V::F32* acc;
  int n_tiles = 0;

  /// Quarter by quarter of each tile.
  [[gnu::always_inline]] void add(int quarter) const {
    constexpr int quarter_tokens = tile_tokens / 4;
    for (int tile = 0; tile < n_tiles; ++tile) {
      const int first = quarter * quarter_tokens, at = tile * tile_tokens + first;
      const GroupSums* token_sums = group_sums + at;
      const float* token_d = d + at;
      typename V::F32* to = acc + at;
      unrolled<quarter_tokens>([&](auto i) __attribute__((always_inline)) {
        auto value = V::mul(V::to_float(sums->of(tile, first + i)), scales->d);
        if constexpr (F::has_min)
          value = V::fnma(V::to_float(scales->integers.min_sum(token_sums[i])), scales->dmin, value);
        to[i] = V::fma(value, V::set1(token_d[i]), to[i]);
      });
    }
  }
};

/// acc (panels, max_tile_tokens) += `n_tokens` tokens, a multiple of 16, times panels: super-block by
/// super-block over the panels, so that its tokens stay in the first cache. While tiles multiply, the sums
/// before become f32.
template <class V, class F>
void tile_super_blocks(const uint8_t* panels, int64_t stride, int n_panels, backend::Prefetch ahead,
                       int64_t n_blocks, const QuantizedTokens& x, int64_t first, int n_tokens,
                       typename V::F32 (*acc)[max_tile_tokens]) {
  using L = PanelLayout<F>;
  constexpr int k = QuantizedTokens::pair_columns, pair = 2 * tile_tokens, steps = F::block / k;
  const int64_t plane = x.stride * k;
  const int n_pairs = (n_tokens + pair - 1) / pair;
  ScaledWeights<V, F> weights;
  SuperBlockScales<V, F> scales[2];  // of this super-block, and of the one whose sums are pending
  TileSums<V, F> sums;
  PendingSums<V, F> before;
  int now = 0;
  for (int64_t block = 0; block < n_blocks; ++block)
    for (int p = 0; p < n_panels; ++p) {
      const uint8_t* panel = panels + p * stride;
      scales[now].read(panel, block);
      weights.read_scales(panel, block);
      prefetch<L::meta_bytes>(panel + L::meta_at(block), ahead);
      for (int c = 0; c < L::chunks; ++c) weights.read_chunk(panel, ahead, block, c);
      const int8_t* tokens = x.codes_of(F::block, block * L::chunks, first);
      for (int i = 0; i < n_pairs; ++i) {
        const auto beside = [&](int quarter) __attribute__((always_inline)) { before.add(quarter); };
        const int n_tiles = smaller(2, n_tokens / tile_tokens - 2 * i);
        if (n_tiles == 2)
          sums.template multiply<2>(weights, tokens + i * pair * k, plane, beside);
        else
          sums.template multiply<1>(weights, tokens + i * pair * k, plane, beside);
        const int64_t at = block * x.stride + first + i * pair;
        before = {&sums, &scales[now], x.group_sums + at, x.d + at, acc[p] + i * pair, n_tiles};
      }
      now ^= 1;
    }
  for (int quarter = 0; quarter < steps; ++quarter) before.add(quarter);
}

/// As fast_product: tokens that fill tiles go through them, the rest does not.
template <class V, class F>
void tile_product(const uint8_t* panels, int n_panels, int64_t n_cols, const QuantizedTokens& x,
                  int64_t first, int n_tokens, float* out) {
  const int in_tiles = n_tokens / tile_tokens * tile_tokens, rest = n_tokens - in_tiles;
  const FastProduct without_tiles = V::without_tiles().fast[static_cast<int>(F::type)];
  if (in_tiles == 0) return without_tiles(panels, n_panels, n_cols, x, first, n_tokens, out);
  constexpr bool short_spans = F::d_span <= chunk_columns;
  static constexpr auto config =
      tile_config(short_spans ? smaller(F::d_span, chunk_columns) : QuantizedTokens::pair_columns);
  const int64_t stride = PanelLayout<F>::bytes(n_cols / F::block);
  // More tokens take longer than their weights need to come.
  const backend::Prefetch ahead =
      in_tiles == tile_tokens ? backend::topology().prefetch : backend::Prefetch{};
  V::configure_tiles(config);
  typename V::F32 acc[max_tile_panels][max_tile_tokens];
  for (int p = 0; p < n_panels; ++p)
    for (int t = 0; t < in_tiles; ++t) acc[p][t] = V::set1(0);
  if constexpr (short_spans)
    for (int64_t i = 0; i < n_cols / chunk_columns; ++i)
      for (int p = 0; p < n_panels; ++p)
        tile_chunk<V, F>(panels + p * stride, ahead, i, x, first, in_tiles, acc[p]);
  else
    tile_super_blocks<V, F>(panels, stride, n_panels, ahead, n_cols / F::block, x, first, in_tiles, acc);
  for (int p = 0; p < n_panels; ++p) {
    float* tile = out + p * n_tokens * panel_rows;
    for (int t = 0; t < in_tiles; ++t) V::store(tile + t * panel_rows, acc[p][t]);
    if (rest > 0)
      without_tiles(panels + p * stride, 1, n_cols, x, first + in_tiles, rest, tile + in_tiles * panel_rows);
  }
  V::release_tiles();
}

/// Multiply-adds of `n_rounds` rounds of tile products, on tiles alone.
template <class V>
int64_t tile_peak(int64_t n_rounds) {
  static constexpr TileConfig config = tile_config(QuantizedTokens::pair_columns);
  V::configure_tiles(config);
  unrolled<8>([](auto tile) { V::template zero_tile<tile>(); });
  for (int64_t round = 0; round < n_rounds; ++round) {
    V::template dot_tiles<0, 4, 6, false>();
    V::template dot_tiles<1, 4, 7, false>();
    V::template dot_tiles<2, 5, 6, false>();
    V::template dot_tiles<3, 5, 7, false>();
  }
  V::release_tiles();
  return n_rounds * 4 * tile_tokens * panel_rows * QuantizedTokens::pair_columns;
}

/// `table` with products by tiles, and their peak.
template <class V>
KernelTable with_tile_products(KernelTable table) {
  [&]<class... F>(FormatList<F...>) {
    ((table.fast[static_cast<int>(F::type)] = tile_product<V, F>), ...);
  }(AllBlockFormats{});
  table.int8_peak = tile_peak<V>;
  return table;
}

}  // namespace realizar::kernels::generic
