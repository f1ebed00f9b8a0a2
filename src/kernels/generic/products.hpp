#pragma once

#include "kernels/generic/weights.hpp"
#include "kernels/kernel_table.hpp"

// Products of panels with tokens. `T` is the number of tokens, 0 when only the caller knows; `half` is the
// group of V::width rows of the panel.
namespace realizar::kernels::generic {

template <int T>
constexpr int tile_capacity = T == 0 ? max_tile_tokens : T;

/// sum += scale * (the k-groups [first, first + Count) of w times x); scale 1 where the format has no scales.
template <class V, class F, int Count>
[[gnu::always_inline]] inline typename V::I32 add_dots(typename V::I32 sum, const typename V::I32* w,
                                                       const int8_t* x, typename V::Scale scale) {
  constexpr int depth = smaller(Count, Operand<V, F>::depth);
  for (int g = 0; g < Count; g += depth) {
    auto dot = V::no_dot();
    for (int i = g; i < g + depth; ++i) {
      if constexpr (Operand<V, F>::is_signed)
        dot = V::dot_s(dot, w[i], x + 4 * i);
      else
        dot = V::dot_u(dot, w[i], x + 4 * i);
    }
    sum = F::scale_bits == 0 ? V::add_dot(sum, dot) : V::add_scaled(sum, dot, scale);
  }
  return sum;
}

[[gnu::always_inline]] constexpr int32_t pair_of(int low, int high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) | static_cast<uint32_t>(high) << 16);
}

/// One token alone waits for memory: fetches into the second cache what stands `prefetch_ahead` bytes behind
/// the part of the panel that chunk `chunk` makes up. Panels follow each other, so this reaches into the next
/// ones.
template <class F>
constexpr int64_t prefetch_ahead = F::block < 256 ? 8192 : 16384;  // the best of 1 to 16 KiB

template <class F, int T>
[[gnu::always_inline]] inline void prefetch(const uint8_t* panel, int64_t chunk) {
  if constexpr (T == 1) {
    constexpr int64_t bytes =
        (PanelLayout<F>::code_bytes + PanelLayout<F>::meta_bytes) / PanelLayout<F>::chunks;
    const uint8_t* ahead = panel + chunk * bytes + prefetch_ahead<F>;
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(ahead + i, 0, 2);
  }
}

/// Formats with a d for every 16 or 32 columns and no integer scales.
template <class V, class F, int T>
[[gnu::always_inline]] inline void fast_short_spans(const uint8_t* panel, int64_t n_cols,
                                                    const QuantizedTokens& x, int64_t first, int n_tokens,
                                                    int first_row, typename V::F32* acc) {
  using L = PanelLayout<F>;
  constexpr int spans = chunk_columns / F::d_span;  // of a chunk
  constexpr int groups = chunk_groups / spans;
  constexpr int offset = Operand<V, F>::offset;
  const int n = T == 0 ? n_tokens : T;
  const int64_t n_blocks = n_cols / F::block;
  const uint8_t* meta = panel + L::meta_at(n_blocks);
  for (int t = 0; t < n; ++t) acc[t] = V::set1(0);
  for (int64_t chunk = 0; chunk < n_cols / chunk_columns; ++chunk) {
    prefetch<F, T>(panel, chunk);
    typename V::I32 w[chunk_groups];
    load_codes<V, F>(panel + chunk * CodeChunk<F>::bytes, first_row, w);
    const BlockScales<V, F> scales{meta + chunk / L::chunks * L::meta_bytes, first_row};
    typename V::F32 d[spans], dmin;
    for (int s = 0; s < spans; ++s) d[s] = scales.d(static_cast<int>(chunk % L::chunks) * spans + s);
    if constexpr (F::has_min) dmin = scales.dmin();
    const int64_t at = chunk * x.n_tokens + first;
    for (int t = 0; t < n; ++t) {
      const int8_t* codes = x.codes + (at + t) * chunk_columns;
      const auto dx = V::set1(x.d[at + t]);
      for (int s = 0; s < spans; ++s) {
        auto sum = V::set1_i32(0);
        if constexpr (offset != 0) {
          const int low = s == 0 ? -offset : 0, high = s == spans - 1 ? -offset : 0;
          sum = V::dot2(sum, V::set1_i32(pair_of(low, high)), x.sums16 + (at + t) * 2);
        }
        sum = add_dots<V, F, groups>(sum, w + s * groups, codes + s * groups * 4, typename V::Scale{});
        acc[t] = V::fma(V::to_float(sum), V::mul(d[s], dx), acc[t]);
      }
      if constexpr (F::has_min) acc[t] = V::fma(dmin, V::set1(x.minus_sums[at + t]), acc[t]);
    }
  }
}

/// Pairs of neighbouring small integers, for V::dot2.
template <class V>
[[gnu::always_inline]] inline typename V::I32 pair_up(typename V::I32 low, typename V::I32 high) {
  return V::or_(V::and_(low, V::set1_i32(0xffff)), V::shl(high, 16));
}

/// Formats of 256 columns under one d.
template <class V, class F, int T>
[[gnu::always_inline]] inline void fast_super_blocks(const uint8_t* panel, int64_t n_cols,
                                                     const QuantizedTokens& x, int64_t first, int n_tokens,
                                                     int first_row, typename V::F32* acc) {
  using L = PanelLayout<F>;
  using I32 = typename V::I32;
  constexpr int group = smaller(F::group, chunk_columns);
  constexpr int pairs = F::block / group / 2;
  constexpr int in_chunk = chunk_columns / group;
  constexpr int offset = Operand<V, F>::offset;
  const int n = T == 0 ? n_tokens : T;
  const int64_t n_blocks = n_cols / F::block;
  for (int t = 0; t < n; ++t) acc[t] = V::set1(0);
  for (int64_t block = 0; block < n_blocks; ++block) {
    const BlockScales<V, F> scales{panel + L::meta_at(n_blocks) + block * L::meta_bytes, first_row};
    const int64_t block_at = block * x.n_tokens + first;
    // The sums of 16 or 32 activations of a pair of groups.
    const auto sums = [&](int t, int pair) {
      return group == 16 ? x.sums16 + ((block * L::chunks + pair) * x.n_tokens + first + t) * 2
                         : x.sums32 + (block_at + t) * 8 + pair * 2;
    };
    I32 sum[tile_capacity<T>], min_sum[F::has_min ? tile_capacity<T> : 1];
    for (int t = 0; t < n; ++t) sum[t] = V::set1_i32(0);
    if constexpr (offset != 0)
      for (int p = 0; p < pairs; ++p) {
        const auto minus = V::set1_i32(-offset);
        const I32 bias =
            pair_up<V>(V::mul(scales.scale(2 * p), minus), V::mul(scales.scale(2 * p + 1), minus));
        for (int t = 0; t < n; ++t) sum[t] = V::dot2(sum[t], bias, sums(t, p));
      }
    if constexpr (F::has_min) {
      for (int t = 0; t < n; ++t) min_sum[t] = V::set1_i32(0);
      for (int p = 0; p < pairs; ++p) {
        const I32 mins = pair_up<V>(scales.min(2 * p), scales.min(2 * p + 1));
        for (int t = 0; t < n; ++t) min_sum[t] = V::dot2(min_sum[t], mins, sums(t, p));
      }
    }
    for (int c = 0; c < L::chunks; ++c) {
      const int64_t chunk = block * L::chunks + c;
      prefetch<F, T>(panel, chunk);
      I32 w[chunk_groups];
      load_codes<V, F>(panel + chunk * CodeChunk<F>::bytes, first_row, w);
      typename V::Scale scale[in_chunk];
      for (int i = 0; i < in_chunk; ++i) scale[i] = V::scale(scales.scale(c * in_chunk + i));
      for (int t = 0; t < n; ++t) {
        const int8_t* codes = x.codes + (chunk * x.n_tokens + first + t) * chunk_columns;
        for (int i = 0; i < in_chunk; ++i)
          sum[t] = add_dots<V, F, group / 4>(sum[t], w + i * group / 4, codes + i * group, scale[i]);
      }
    }
    const auto d = scales.d(0);
    for (int t = 0; t < n; ++t) {
      const auto dx = V::set1(x.d[block_at + t]);
      acc[t] = V::fma(V::to_float(sum[t]), V::mul(d, dx), acc[t]);
      if constexpr (F::has_min) acc[t] = V::fnma(V::to_float(min_sum[t]), V::mul(scales.dmin(), dx), acc[t]);
    }
  }
}

template <class V, class F, int T>
void fast_tile(const uint8_t* panel, int64_t n_cols, const QuantizedTokens& x, int64_t first, int n_tokens,
               float* out) {
  typename V::F32 acc[tile_capacity<T>];
  for (int row = 0; row < panel_rows; row += V::width) {
    if constexpr (F::d_span <= chunk_columns)
      fast_short_spans<V, F, T>(panel, n_cols, x, first, n_tokens, row, acc);
    else
      fast_super_blocks<V, F, T>(panel, n_cols, x, first, n_tokens, row, acc);
    for (int t = 0; t < (T == 0 ? n_tokens : T); ++t) V::store(out + t * panel_rows + row, acc[t]);
  }
}

template <class V, class F>
void fast_product(const uint8_t* panel, int64_t n_cols, const QuantizedTokens& x, int64_t first, int n_tokens,
                  float* out) {
  if (n_tokens == 1) return fast_tile<V, F, 1>(panel, n_cols, x, first, n_tokens, out);
  fast_tile<V, F, 0>(panel, n_cols, x, first, n_tokens, out);
}

/// The f32 values of chunks of a block format: read(chunk, values) fills (32 columns, V::width rows).
template <class V, class F>
struct BlockReader {
  using L = PanelLayout<F>;
  const uint8_t* panel;
  int64_t n_cols;
  int first_row;

  [[gnu::always_inline]] void read(int64_t chunk, typename V::F32* values) const {
    const int64_t block = chunk / L::chunks;
    const BlockScales<V, F> scales{panel + L::meta_at(n_cols / F::block) + block * L::meta_bytes, first_row};
    typename V::I32 w[chunk_groups];
    load_codes<V, F>(panel + chunk * CodeChunk<F>::bytes, first_row, w);
    const int first_column = static_cast<int>(chunk % L::chunks) * chunk_columns;
    constexpr int step = smaller(smaller(F::group, F::d_span), chunk_columns);
    for (int k = 0; k < chunk_columns; k += step) {
      const int group = (first_column + k) / F::group;
      const auto scale = V::mul(scales.d((first_column + k) / F::d_span), V::to_float(scales.scale(group)));
      auto min = V::set1(0);
      if constexpr (F::has_min) min = V::mul(scales.dmin(), V::to_float(scales.min(group)));
      for (int i = k; i < k + step; ++i) {
        const auto value = V::mul(scale, V::to_float(code(w[i / 4], i % 4)));
        values[i] = F::has_min ? V::sub(value, min) : value;
      }
    }
  }

 private:
  static typename V::I32 code(typename V::I32 bytes, int i) {
    if constexpr (Operand<V, F>::is_signed) return V::sar(V::shl(bytes, 24 - 8 * i), 24);
    const auto byte = V::and_(V::shr(bytes, 8 * i), V::set1_i32(255));
    return Operand<V, F>::offset == 0 ? byte : V::sub(byte, V::set1_i32(Operand<V, F>::offset));
  }
};

/// The same of F32, F16 and BF16 weights.
template <class V, TensorType Type>
struct DenseReader {
  const uint8_t* panel;
  int64_t n_cols;
  int first_row;

  [[gnu::always_inline]] void read(int64_t chunk, typename V::F32* values) const {
    const int64_t first = chunk * chunk_columns;
    const int count = n_cols - first < chunk_columns ? static_cast<int>(n_cols - first) : chunk_columns;
    for (int i = 0; i < count; ++i) values[i] = value((first + i) * panel_rows + first_row);
  }

 private:
  typename V::F32 value(int64_t at) const {
    if constexpr (Type == TensorType::f32) return V::load(reinterpret_cast<const float*>(panel) + at);
    const auto* halves = reinterpret_cast<const uint16_t*>(panel) + at;
    if constexpr (Type == TensorType::f16) return V::load_f16(halves);
    if constexpr (Type == TensorType::bf16) return V::load_bf16(halves);
  }
};

/// acc[t] = fma(value of column k, x[t][k], acc[t]) for `count` columns in order, `N` tokens side by side.
template <class V, int N>
[[gnu::always_inline]] inline void multiply_chunk(const typename V::F32* values, int count, const float* x,
                                                  int64_t x_stride, typename V::F32* acc) {
  typename V::F32 sum[N];
  for (int t = 0; t < N; ++t) sum[t] = acc[t];
  for (int k = 0; k < count; ++k)
    for (int t = 0; t < N; ++t) sum[t] = V::fma(values[k], V::set1(x[t * x_stride + k]), sum[t]);
  for (int t = 0; t < N; ++t) acc[t] = sum[t];
}

template <class V, class Reader>
void exact_product(const uint8_t* panel, int64_t n_cols, const float* x, int64_t x_stride, int n_tokens,
                   float* out) {
  typename V::F32 acc[max_tile_tokens], values[chunk_columns];
  for (int row = 0; row < panel_rows; row += V::width) {
    const Reader reader{panel, n_cols, row};
    for (int t = 0; t < n_tokens; ++t) acc[t] = V::set1(0);
    for (int64_t k = 0; k < n_cols; k += chunk_columns) {
      reader.read(k / chunk_columns, values);
      const int count = n_cols - k < chunk_columns ? static_cast<int>(n_cols - k) : chunk_columns;
      int t = 0;
      for (; t + 8 <= n_tokens; t += 8)
        multiply_chunk<V, 8>(values, count, x + t * x_stride + k, x_stride, acc + t);
      for (; t < n_tokens; ++t) multiply_chunk<V, 1>(values, count, x + t * x_stride + k, x_stride, acc + t);
    }
    for (int t = 0; t < n_tokens; ++t) V::store(out + t * panel_rows + row, acc[t]);
  }
}

}  // namespace realizar::kernels::generic
