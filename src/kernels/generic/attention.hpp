#pragma once

#include "backend/topology.hpp"
#include "kernels/generic/elementwise.hpp"
#include "kernels/generic/weights.hpp"
#include "kernels/kernel_table.hpp"

// Attention over a segment of the cache, tile by tile with a running maximum (flash attention, Dao et al.
// 2022). Lanes are positions while scores are made and dimensions while values are summed, so that every sum
// is a chain of FMAs in a fixed order; the sum of the weights has 16 lanes, position modulo 16.
namespace realizar::kernels::generic {

template <KvFormat Format>
constexpr int64_t kv_element_bytes = Format == KvFormat::f32   ? 4
                                     : Format == KvFormat::f16 ? 2
                                                               : 1;

/// V::width numbers of the cache from element `at` on; in q8_0 before they meet their scale.
template <class V, KvFormat Format>
[[gnu::always_inline]] inline typename V::F32 load_kv(const uint8_t* data, int64_t at) {
  const uint8_t* p = data + at * kv_element_bytes<Format>;
  if constexpr (Format == KvFormat::f32) return V::load(reinterpret_cast<const float*>(p));
  if constexpr (Format == KvFormat::f16) return V::load_f16(reinterpret_cast<const uint16_t*>(p));
  if constexpr (Format == KvFormat::q8_0) return V::to_float(V::load_i8(p));
}

template <KvFormat Format>
[[gnu::always_inline]] inline void store_kv(float x, uint8_t* data, int64_t at) {
  if constexpr (Format == KvFormat::f32) std::memcpy(data + at * 4, &x, 4);
  if constexpr (Format == KvFormat::f16) {
    const uint16_t half = f32_to_f16(x);
    std::memcpy(data + at * 2, &half, 2);
  }
}

/// A vector into the cache, element i at `first + i * stride`; scales likewise.
template <class V, KvFormat Format>
void store_vector(const float* x, int n, uint8_t* data, int64_t first, int64_t stride, uint8_t* scales,
                  int64_t first_scale, int64_t scale_stride) {
  if constexpr (Format != KvFormat::q8_0) {
    for (int i = 0; i < n; ++i) store_kv<Format>(x[i], data, first + i * stride);
  } else {
    for (int block = 0; block * kv_block < n; ++block) {
      const int from = block * kv_block, to = smaller(n, from + kv_block);
      float largest = 0;
      bool finite = true;
      for (int i = from; i < to; ++i) {
        const float magnitude = x[i] < 0 ? -x[i] : x[i];
        finite = finite && magnitude < __builtin_inff();  // as a NaN is not
        largest = magnitude > largest ? magnitude : largest;
      }
      // As in quantize.hpp, a block that is not finite stays so.
      const uint16_t d = f32_to_f16(finite ? largest / 127 : __builtin_nanf(""));
      const float inverse = f16_to_f32(d) > 0 ? 1 / f16_to_f32(d) : 0;
      reinterpret_cast<uint16_t*>(scales)[first_scale + block * scale_stride] = d;
      for (int i = from; i < to; ++i) {
        float lanes[V::width] = {finite ? x[i] * inverse : 0};
        lanes[0] = lanes[0] < -127 ? -127 : lanes[0] < 127 ? lanes[0] : 127;
        int8_t codes[V::width];
        V::store_i8(codes, V::round(V::load(lanes)));
        reinterpret_cast<int8_t*>(data)[first + i * stride] = codes[0];
      }
    }
  }
}

template <class V, KvFormat Format>
void store_key(const float* key, int key_dim, uint8_t* keys, uint8_t* scales, int slot) {
  store_vector<V, Format>(key, key_dim, keys, slot, kv_tile, scales, slot, kv_tile);
}

template <class V, KvFormat Format>
void store_value(const float* value, int value_dim, uint8_t* values, uint8_t* scales, int slot) {
  const int blocks = (value_dim + kv_block - 1) / kv_block;
  store_vector<V, Format>(value, value_dim, values, int64_t{slot} * value_dim, 1, scales,
                          int64_t{slot} * blocks, 1);
}

/// Where things of one page stand, as pointers.
template <KvFormat Format>
struct PageView {
  const uint8_t *keys, *key_scales, *values, *value_scales;
  backend::Prefetch prefetch_ahead;  // of keys and values: the pages of a head mostly follow each other

  [[gnu::always_inline]] PageView(const uint8_t* page, int key_dim, int value_dim, backend::Prefetch ahead)
      : prefetch_ahead(ahead) {
    const KvPageLayout layout = kv_page_layout(Format, key_dim, value_dim);
    keys = page + layout.keys_at;
    key_scales = page + layout.key_scales_at;
    values = page + layout.values_at;
    value_scales = page + layout.value_scales_at;
  }

  /// V::width keys of dimension `d` from slot `j` on.
  template <class V>
  [[gnu::always_inline]] typename V::F32 key(int d, int j) const {
    const auto key = load_kv<V, Format>(keys, int64_t{d} * kv_tile + j);
    if constexpr (Format == KvFormat::q8_0)
      return V::mul(key,
                    V::load_f16(reinterpret_cast<const uint16_t*>(key_scales) + d / kv_block * kv_tile + j));
    return key;
  }
};

/// The slots of a page as numbers.
struct Slots {
  alignas(64) float number[kv_tile];
  constexpr Slots() : number{} {
    for (int i = 0; i < kv_tile; ++i) number[i] = static_cast<float>(i);
  }
};
inline constexpr Slots slots;

/// scores[q][j] = q . key j for slots of a page, [from, to) among them, `N` queries side by side.
template <class V, KvFormat Format, int N>
[[gnu::always_inline]] inline void tile_scores(const PageView<Format>& page, int key_dim,
                                               const AttentionQuery* queries, int from, int to,
                                               float (*scores)[kv_tile]) {
  // Registers of positions: enough sums that none waits for the one before, and long stretches of a key,
  // which prefetchers follow.
  constexpr int parts = 4 * N + 4 + 1 <= V::registers ? 4 : 2, step = parts * V::width;
  for (int j = from / step * step; j < to; j += step) {
    typename V::F32 acc[N][parts];
    unrolled<N>([&](auto q) { unrolled<parts>([&](auto p) { acc[q][p] = V::set1(0); }); });
    for (int d = 0; d < key_dim; ++d) {
      constexpr int64_t element = kv_element_bytes<Format>;
      prefetch<step * element>(page.keys + (int64_t{d} * kv_tile + j) * element, page.prefetch_ahead);
      typename V::F32 key[parts];
      unrolled<parts>([&](auto p) { key[p] = page.template key<V>(d, j + p * V::width); });
      unrolled<N>([&](auto q) __attribute__((always_inline)) {
        const auto x = V::in_register(V::set1(queries[q].q[d]));
        unrolled<parts>([&](auto p) { acc[q][p] = V::fma(x, key[p], acc[q][p]); });
      });
    }
    unrolled<N>(
        [&](auto q) { unrolled<parts>([&](auto p) { V::store(scores[q] + j + p * V::width, acc[q][p]); }); });
  }
}

/// What N queries see of a tile: slots [from[q], to[q]), all of them within [first, end).
template <int N>
struct SeenSlots {
  int first = kv_tile, end = 0, from[N], to[N];

  SeenSlots(const AttentionQuery* queries, int64_t tile) {
    const auto slot = [&](int64_t position) {
      return static_cast<int>(position < tile ? 0 : position > tile + kv_tile ? kv_tile : position - tile);
    };
    for (int q = 0; q < N; ++q) {
      from[q] = slot(queries[q].begin);
      to[q] = slot(queries[q].end);
      first = smaller(first, from[q]);
      end = to[q] > end ? to[q] : end;
    }
  }
};

/// Scores of N queries become weights e^(score - max) where a query looks, 0 elsewhere; rescale[q] is the
/// factor for what was summed under the maximum before. Nothing branches on a score, so that the queries are
/// computed side by side.
template <class V, int N>
void tile_weights(const AttentionSegment& segment, const SeenSlots<N>& seen, int64_t tile,
                  AttentionQuery* queries, Lanes16<V>* sums, float (*scores)[kv_tile], float* rescale) {
  constexpr float lowest = -__builtin_inff();
  constexpr int parts = Lanes16<V>::parts, padded = (N + V::width - 1) / V::width * V::width;
  const int begin = seen.first / 16 * 16;
  alignas(64) float before[padded] = {}, top[padded] = {}, factor[padded], shift[padded];
  const auto scale = V::set1(segment.scale), nothing = V::set1(lowest);
  for (int q = 0; q < N; ++q) {
    const bool whole = seen.from[q] == 0 && seen.to[q] == kv_tile;
    const auto slope = V::set1(queries[q].slope);
    const auto from = V::set1(static_cast<float>(seen.from[q])), to = V::set1(static_cast<float>(seen.to[q]));
    const auto distance = V::set1(static_cast<float>(tile - queries[q].position));
    auto most = Lanes16<V>::all(lowest);
    for (int j = begin; j < seen.end; j += 16)
      for (int p = 0; p < parts; ++p) {
        float* lanes = scores[q] + j + p * V::width;
        const auto slot = V::load(slots.number + j + p * V::width);
        auto s = V::mul(V::load(lanes), scale);
        if (segment.soft_cap != 0) s = capped<V>(s, segment.soft_cap);
        if (queries[q].slope != 0) s = V::fma(slope, V::add(slot, distance), s);
        if (!whole) s = V::less(slot, from, nothing, V::less(slot, to, s, nothing));
        most.part[p] = V::max(s, most.part[p]);
        V::store(lanes, s);
      }
    before[q] = queries[q].max;
    top[q] = most.max();
  }
  for (int q = 0; q < N; q += V::width) {
    const auto old = V::load(before + q), now = V::load(top + q);
    const auto max = V::less(old, now, now, old);
    // e^-infinity where nothing was summed before the first score, e^0 where the maximum stays.
    V::store(factor + q, exp<V, false>(V::less(old, now, V::sub(old, now), V::set1(0))));
    V::store(shift + q, V::less(nothing, max, max, V::set1(0)));
    V::store(top + q, max);
  }
  for (int q = 0; q < N; ++q) {
    const auto minus = V::set1(shift[q]), times = V::set1(factor[q]);
    Lanes16<V>& sum = sums[q];
    for (int p = 0; p < parts; ++p) sum.part[p] = V::mul(sum.part[p], times);
    for (int j = begin; j < seen.end; j += 16)
      for (int p = 0; p < parts; ++p) {
        float* lanes = scores[q] + j + p * V::width;
        const auto weight = exp<V, false>(V::sub(V::load(lanes), minus));
        V::store(lanes, weight);
        sum.part[p] = V::add(sum.part[p], weight);
      }
    queries[q].max = top[q];
    rescale[q] = factor[q];
  }
}

/// What one query takes from a tile: weights of the positions [from, to), 0 elsewhere.
struct TileWeights {
  const float* weights;
  int from, to;
  float rescale;  // of what was summed before
  float* out;
};

/// Element `d` of value `j`, and of V::width values from there on.
template <class V, KvFormat Format>
struct Values {
  const PageView<Format>& page;
  int value_dim, blocks;

  [[gnu::always_inline]] typename V::F32 lanes(int j, int d) const {
    const auto value = load_kv<V, Format>(page.values, int64_t{j} * value_dim + d);
    if constexpr (Format == KvFormat::q8_0) return V::mul(value, V::set1(scale(j, d)));
    return value;
  }
  float one(int j, int d) const {
    const int64_t at = int64_t{j} * value_dim + d;
    float value = 0;
    if constexpr (Format == KvFormat::f32) std::memcpy(&value, page.values + at * 4, 4);
    if constexpr (Format == KvFormat::f16)
      value = f16_to_f32(reinterpret_cast<const uint16_t*>(page.values)[at]);
    if constexpr (Format == KvFormat::q8_0)
      value = static_cast<float>(reinterpret_cast<const int8_t*>(page.values)[at]) * scale(j, d);
    return value;
  }

 private:
  float scale(int j, int d) const {
    return f16_to_f32(reinterpret_cast<const uint16_t*>(page.value_scales)[j * blocks + d / kv_block]);
  }
};

/// out = out * rescale + sum over [from, to) of weight j times value j, for `N` queries and `Parts` registers
/// of dimensions from `d` on. Positions that all queries see, [from, to), are read once for all; each query
/// sums its own in their order.
template <class V, KvFormat Format, int N, int Parts>
[[gnu::always_inline]] inline void add_value_lanes(const Values<V, Format>& values,
                                                   const TileWeights* queries, int from, int to, int d) {
  typename V::F32 sum[N][Parts];
  const auto add_alone = [&](auto q, int begin, int end) __attribute__((always_inline)) {
    for (int j = begin; j < end; ++j)
      unrolled<Parts>([&](auto p) __attribute__((always_inline)) {
        sum[q][p] = V::fma(V::set1(queries[q].weights[j]), values.lanes(j, d + p * V::width), sum[q][p]);
      });
  };
  unrolled<N>([&](auto q) __attribute__((always_inline)) {
    unrolled<Parts>([&](auto p) __attribute__((always_inline)) {
      sum[q][p] = V::mul(V::load(queries[q].out + d + p * V::width), V::set1(queries[q].rescale));
    });
    add_alone(q, queries[q].from, smaller(from, queries[q].to));
  });
  for (int j = from; j < to; ++j) {
    constexpr int64_t element = kv_element_bytes<Format>;
    prefetch<Parts * V::width * element>(values.page.values + (int64_t{j} * values.value_dim + d) * element,
                                         values.page.prefetch_ahead);
    typename V::F32 value[Parts];
    unrolled<Parts>([&](auto p) { value[p] = values.lanes(j, d + p * V::width); });
    unrolled<N>([&](auto q) __attribute__((always_inline)) {
      const auto weight = V::in_register(V::set1(queries[q].weights[j]));
      unrolled<Parts>([&](auto p) { sum[q][p] = V::fma(weight, value[p], sum[q][p]); });
    });
  }
  unrolled<N>([&](auto q) __attribute__((always_inline)) {
    add_alone(q, to > queries[q].from ? to : queries[q].from, queries[q].to);
    unrolled<Parts>([&](auto p) { V::store(queries[q].out + d + p * V::width, sum[q][p]); });
  });
}

template <class V, KvFormat Format, int N>
void add_values(const AttentionSegment& segment, const PageView<Format>& page, const TileWeights* queries) {
  const Values<V, Format> values{page, segment.out_dim, (segment.out_dim + kv_block - 1) / kv_block};
  int from = 0, to = kv_tile;
  for (int q = 0; q < N; ++q) {
    from = queries[q].from > from ? queries[q].from : from;
    to = queries[q].to < to ? queries[q].to : to;
  }
  if (to < from) from = to = queries[0].from;
  // Long stretches of a value at a time, which prefetchers follow: as many sums as registers hold.
  constexpr int most = smaller(8, 2 * V::queries / N);
  int d = 0;
  const auto add_parts = [&](auto parts) __attribute__((always_inline)) {
    if constexpr (parts <= most)
      for (; d + parts * V::width <= segment.out_dim; d += parts * V::width)
        add_value_lanes<V, Format, N, parts.value>(values, queries, from, to, d);
  };
  add_parts(std::integral_constant<int, 8>{});
  add_parts(std::integral_constant<int, 4>{});
  add_parts(std::integral_constant<int, 2>{});
  add_parts(std::integral_constant<int, 1>{});
  for (; d < segment.out_dim; ++d)
    for (int q = 0; q < N; ++q) {
      float sum = queries[q].out[d] * queries[q].rescale;
      for (int j = queries[q].from; j < queries[q].to; ++j)
        sum = __builtin_fmaf(queries[q].weights[j], values.one(j, d), sum);
      queries[q].out[d] = sum;
    }
}

/// A page in f32, for queries enough to read it more than once: keys, then values (64, out_dim), which are
/// the first columns of the keys where a page has none (latent attention).
template <class V, KvFormat Format>
PageView<KvFormat::f32> unpack_page(const PageView<Format>& page, int key_dim, int value_dim, int out_dim,
                                    float* out) {
  constexpr int64_t element = kv_element_bytes<Format>;
  for (int d = 0; d < key_dim; ++d) {
    prefetch<kv_tile * element>(page.keys + int64_t{d} * kv_tile * element, page.prefetch_ahead);
    for (int j = 0; j < kv_tile; j += V::width) V::store(out + d * kv_tile + j, page.template key<V>(d, j));
  }
  const Values<V, Format> values{page, value_dim, (value_dim + kv_block - 1) / kv_block};
  float* to = out + key_dim * kv_tile;
  for (int j = 0; j < kv_tile; ++j, to += value_dim) {
    int d = 0;
    for (; d + V::width <= value_dim; d += V::width) {
      prefetch<V::width * element>(page.values + (int64_t{j} * value_dim + d) * element, page.prefetch_ahead);
      V::store(to + d, values.lanes(j, d));
    }
    for (; d < value_dim; ++d) to[d] = values.one(j, d);
  }
  if (value_dim == 0)
    for (int d = 0; d < out_dim; ++d)
      for (int j = 0; j < kv_tile; ++j) to[j * out_dim + d] = out[d * kv_tile + j];
  return {reinterpret_cast<const uint8_t*>(out), key_dim, out_dim, {}};
}

/// The queries [0, N) against the tile of positions that begins at `tile`.
template <class V, int N, KvFormat Format>
void attend_tile(const AttentionSegment& segment, const PageView<Format>& page, int64_t tile,
                 AttentionQuery* queries, Lanes16<V>* sums) {
  const SeenSlots<N> seen(queries, tile);
  alignas(64) float scores[N][kv_tile];
  tile_scores<V, Format, N>(page, segment.key_dim, queries, seen.first, seen.end, scores);
  float rescale[N];
  tile_weights<V, N>(segment, seen, tile, queries, sums, scores, rescale);
  TileWeights weights[N];  // of the queries that see anything of the tile
  int n_seeing = 0;
  for (int q = 0; q < N; ++q)
    if (seen.from[q] < seen.to[q])
      weights[n_seeing++] = {scores[q], seen.from[q], seen.to[q], rescale[q], queries[q].out};
  for_queries<V>(n_seeing, [&](int q, auto count) {
    if constexpr (count <= N) add_values<V, Format, count.value>(segment, page, weights + q);
  });
}

template <class V, KvFormat Format>
void attend(const AttentionSegment& segment, AttentionQuery* queries, int n_queries, float* scratch) {
  int64_t begin = queries[0].begin, end = queries[0].end;
  Lanes16<V> sums[max_attention_queries];
  for (int q = 0; q < n_queries; ++q) {
    begin = queries[q].begin < begin ? queries[q].begin : begin;
    end = queries[q].end > end ? queries[q].end : end;
    queries[q].max = -__builtin_inff();
    sums[q] = Lanes16<V>::all(0);
    for (int d = 0; d < segment.out_dim; ++d) queries[q].out[d] = 0;
  }
  for (int64_t tile = begin / kv_tile * kv_tile; tile < end; tile += kv_tile) {
    const uint8_t* page_data = segment.first_page + segment.page_table[tile / kv_tile] * segment.page_stride;
    const PageView<Format> page(page_data, segment.key_dim, segment.value_dim, backend::topology().prefetch);
    const auto attend_all = [&](const auto& view) {
      for_queries<V>(n_queries, [&](int q, auto count) {
        attend_tile<V, count.value>(segment, view, tile, queries + q, sums + q);
      });
    };
    const bool has_values = segment.value_dim > 0;
    // What few queries read of a page costs less to convert each time.
    constexpr int few = Format == KvFormat::f16 ? 16 : 4;
    if (has_values && (Format == KvFormat::f32 || n_queries <= few))
      attend_all(page);
    else
      attend_all(unpack_page<V, Format>(page, segment.key_dim, segment.value_dim, segment.out_dim, scratch));
  }
  for (int q = 0; q < n_queries; ++q) queries[q].sum = sums[q].sum();
}

template <class V>
void merge_attention(AttentionQuery& into, const AttentionQuery& next, int out_dim) {
  constexpr float lowest = -__builtin_inff();
  const float max = next.max > into.max ? next.max : into.max;
  float factors[V::width] = {};
  factors[0] = into.max == lowest ? lowest : into.max - max;
  factors[1] = next.max == lowest ? lowest : next.max - max;
  V::store(factors, exp<V>(V::load(factors)));
  const auto a = V::set1(factors[0]), b = V::set1(factors[1]);
  transform<V>(into.out, next.out, into.out, out_dim,
               [&](auto x, auto y) { return V::fma(y, b, V::mul(x, a)); });
  into.sum = __builtin_fmaf(next.sum, factors[1], into.sum * factors[0]);
  into.max = max;
}

}  // namespace realizar::kernels::generic
