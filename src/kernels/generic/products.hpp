#pragma once

#include "kernels/generic/weights.hpp"
#include "kernels/kernel_table.hpp"

// Products of panels with tokens. `T` is the number of tokens, 0 when only the caller knows; `R` the number
// of panels taken side by side, which share the loads of activations; a pass takes the V::width rows from
// `first_row` on of each.
namespace realizar::kernels::generic {

template <int T>
constexpr int tile_capacity = T == 0 ? max_tile_tokens : T;

/// Panels that follow each other.
template <int R>
struct Panels {
  const uint8_t* first;
  int64_t stride;  // bytes
  [[gnu::always_inline]] const uint8_t* operator[](int r) const { return first + r * stride; }
};

/// sum[r] += scale(r) * (the k-groups [first, first + Count) of w[r] times x); no scale where the format has
/// none.
template <class V, class F, int Count, int R, class Scale>
[[gnu::always_inline]] inline void add_dots(typename V::I32* sum, const typename V::I32 (*w)[chunk_groups],
                                            int first, const int8_t* x, const Scale& scale) {
  constexpr int depth = smaller(Count, Operand<V, F>::depth);
  for (int g = first; g < first + Count; g += depth) {
    typename V::Dot dot[R];
    for (auto& d : dot) d = V::no_dot();
    for (int i = g; i < g + depth; ++i)
      for (int r = 0; r < R; ++r)
        if constexpr (Operand<V, F>::is_signed)
          dot[r] = V::dot_s(dot[r], w[r][i], x + 4 * i);
        else
          dot[r] = V::dot_u(dot[r], w[r][i], x + 4 * i);
    for (int r = 0; r < R; ++r)
      sum[r] = F::scale_bits == 0 ? V::add_dot(sum[r], dot[r]) : V::add_scaled(sum[r], dot[r], scale(r));
  }
}

template <class F>
[[gnu::always_inline]] inline const uint8_t* chunk_of(const uint8_t* panel, int64_t chunk) {
  using L = PanelLayout<F>;
  return panel + L::codes_at(chunk / L::chunks) + chunk % L::chunks * CodeChunk<F>::bytes;
}

[[gnu::always_inline]] constexpr int32_t pair_of(int low, int high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) | static_cast<uint32_t>(high) << 16);
}

/// Formats with a d for every 16 or 32 columns and no integer scales.
template <class V, class F, int T, int R>
[[gnu::always_inline]] inline void fast_short_spans(const Panels<R>& panels, int64_t n_cols,
                                                    const QuantizedTokens& x, int64_t first, int n_tokens,
                                                    int first_row, typename V::F32 (*acc)[R]) {
  using L = PanelLayout<F>;
  using F32 = typename V::F32;
  using I32 = typename V::I32;
  constexpr int spans = chunk_columns / F::d_span;  // of a chunk
  constexpr int groups = chunk_groups / spans;
  constexpr int offset = Operand<V, F>::offset;
  const int n = T == 0 ? n_tokens : T;
  for (int64_t chunk = 0; chunk < n_cols / chunk_columns; ++chunk) {
    I32 w[R][chunk_groups];
    F32 d[R][spans], dmin[R];
    for (int r = 0; r < R; ++r) {
      load_codes<V, F>(chunk_of<F>(panels[r], chunk), first_row, w[r]);
      const BlockScales<V, F> scales{panels[r] + L::meta_at(chunk / L::chunks), first_row};
      for (int s = 0; s < spans; ++s) d[r][s] = scales.d(static_cast<int>(chunk % L::chunks) * spans + s);
      if constexpr (F::has_min) dmin[r] = scales.dmin();
    }
    const int64_t at = chunk * x.n_tokens + first;
    for (int t = 0; t < n; ++t) {
      const int8_t* codes = x.codes + (at + t) * chunk_columns;
      const F32 dx = V::set1(x.d[at + t]);
      for (int s = 0; s < spans; ++s) {
        I32 sum[R];
        for (I32& each : sum) {
          each = V::set1_i32(0);
          if constexpr (offset != 0) {
            const int low = s == 0 ? -offset : 0, high = s == spans - 1 ? -offset : 0;
            each = V::dot2(each, V::set1_i32(pair_of(low, high)), x.half_sums + (at + t) * 2);
          }
        }
        add_dots<V, F, groups, R>(sum, w, s * groups, codes, [](int) { return typename V::Scale{}; });
        for (int r = 0; r < R; ++r) acc[t][r] = V::fma(V::to_float(sum[r]), V::mul(d[r][s], dx), acc[t][r]);
      }
      if constexpr (F::has_min) {
        const F32 minus_sum = V::set1(x.minus_sums[at + t]);
        for (int r = 0; r < R; ++r) acc[t][r] = V::fma(dmin[r], minus_sum, acc[t][r]);
      }
    }
  }
}

/// The sum over groups of a field in [0, largest] times the sum of the group's activations.
template <class V, int n_quads, int largest>
[[gnu::always_inline]] inline typename V::I32 dot_sums(const typename V::I32* quads, const int8_t* high,
                                                       const int8_t* low) {
  constexpr int depth = smaller(n_quads, V::depth(largest * 64));
  auto highs = V::set1_i32(0), lows = V::set1_i32(0);
  for (int q = 0; q < n_quads; q += depth) {
    auto dot_high = V::no_dot(), dot_low = V::no_dot();
    for (int i = q; i < q + depth; ++i) {
      dot_high = V::dot_u(dot_high, quads[i], high + 4 * i);
      dot_low = V::dot_u(dot_low, quads[i], low + 4 * i);
    }
    highs = V::add_dot(highs, dot_high);
    lows = V::add_dot(lows, dot_low);
  }
  return V::add(V::shl(highs, 6), lows);
}

/// The integer scales and mins of a super-block, ready to meet tokens.
template <class V, class F>
struct SuperBlock {
  using L = PanelLayout<F>;
  using I32 = typename V::I32;
  using Scales = BlockScales<V, F>;
  static constexpr bool has_fields = F::scale_bits != 0;
  static constexpr int n_quads = has_fields ? L::groups / 4 : 1;
  static constexpr int largest = has_fields ? (1 << F::scale_bits) - 1 : 0;
  static constexpr int offset = Operand<V, F>::offset;

  typename V::Scale scale[has_fields ? L::groups : 1];
  I32 unsigned_scales[n_quads];  // plus 128 where they are signed
  I32 mins[n_quads];

  [[gnu::always_inline]] void read(const Scales& scales) {
    if constexpr (has_fields)
      for (int q = 0; q < n_quads; ++q) {
        const I32 bytes = scales.quad(q);
        for (int i = 0; i < 4; ++i)
          scale[4 * q + i] = Scales::signed_scales ? V::scale_s(bytes, i) : V::scale_u(bytes, i);
        if constexpr (offset != 0)
          unsigned_scales[q] =
              Scales::signed_scales ? V::xor_(bytes, V::set1_i32(INT32_C(-0x7f7f7f80))) : bytes;
        if constexpr (F::has_min) mins[q] = scales.quad(n_quads + q);
      }
  }

  /// What the offset of the codes takes off a token's integer dot.
  [[gnu::always_inline]] I32 bias(const GroupSums& sums) const {
    if constexpr (offset == 0) {
      return V::set1_i32(0);
    } else if constexpr (!has_fields) {
      return V::set1_i32(-offset * sums.all);
    } else {
      constexpr int most = Scales::signed_scales ? 255 : largest;
      const I32 scaled = dot_sums<V, n_quads, most>(unsigned_scales, high(sums), low(sums));
      return V::sub(V::set1_i32(Scales::signed_scales ? 128 * offset * sums.all : 0),
                    V::mul(scaled, V::set1_i32(offset)));
    }
  }
  [[gnu::always_inline]] I32 min_sum(const GroupSums& sums) const {
    return dot_sums<V, n_quads, largest>(mins, high(sums), low(sums));
  }

 private:
  static const int8_t* high(const GroupSums& sums) { return F::group == 16 ? sums.high16 : sums.high32; }
  static const int8_t* low(const GroupSums& sums) { return F::group == 16 ? sums.low16 : sums.low32; }
};

/// Formats of 256 columns under one d.
template <class V, class F, int T, int R>
[[gnu::always_inline]] inline void fast_super_blocks(const Panels<R>& panels, int64_t n_cols,
                                                     const QuantizedTokens& x, int64_t first, int n_tokens,
                                                     int first_row, typename V::F32 (*acc)[R]) {
  using L = PanelLayout<F>;
  constexpr int group = smaller(F::group, chunk_columns);
  constexpr int in_chunk = chunk_columns / group;
  const int n = T == 0 ? n_tokens : T;
  for (int64_t block = 0; block < n_cols / F::block; ++block) {
    SuperBlock<V, F> integers[R];
    for (int r = 0; r < R; ++r) integers[r].read({panels[r] + L::meta_at(block), first_row});
    const int64_t block_at = block * x.n_tokens + first;
    typename V::I32 sum[tile_capacity<T>][R];
    for (int t = 0; t < n; ++t)
      for (int r = 0; r < R; ++r) sum[t][r] = integers[r].bias(x.group_sums[block_at + t]);
    for (int c = 0; c < L::chunks; ++c) {
      typename V::I32 w[R][chunk_groups];
      for (int r = 0; r < R; ++r)
        load_codes<V, F>(panels[r] + L::codes_at(block) + c * CodeChunk<F>::bytes, first_row, w[r]);
      for (int t = 0; t < n; ++t) {
        const int8_t* codes = x.codes + ((block * L::chunks + c) * x.n_tokens + first + t) * chunk_columns;
        for (int i = 0; i < in_chunk; ++i)
          add_dots<V, F, group / 4, R>(sum[t], w, i * group / 4, codes, [&](int r) {
            return integers[r].scale[F::scale_bits == 0 ? 0 : c * in_chunk + i];
          });
      }
    }
    typename V::F32 d[R], dmin[R];
    for (int r = 0; r < R; ++r) {
      const BlockScales<V, F> scales{panels[r] + L::meta_at(block), first_row};
      d[r] = scales.d(0);
      if constexpr (F::has_min) dmin[r] = scales.dmin();
    }
    for (int t = 0; t < n; ++t) {
      const auto dx = V::set1(x.d[block_at + t]);
      for (int r = 0; r < R; ++r) {
        acc[t][r] = V::fma(V::to_float(sum[t][r]), V::mul(d[r], dx), acc[t][r]);
        if constexpr (F::has_min)
          acc[t][r] = V::fnma(V::to_float(integers[r].min_sum(x.group_sums[block_at + t])),
                              V::mul(dmin[r], dx), acc[t][r]);
      }
    }
  }
}

template <class V, class F, int T, int R>
void fast_tile(const Panels<R>& panels, int64_t n_cols, const QuantizedTokens& x, int64_t first, int n_tokens,
               float* out) {
  const int n = T == 0 ? n_tokens : T;
  typename V::F32 acc[tile_capacity<T>][R];
  for (int row = 0; row < panel_rows; row += V::width) {
    for (int t = 0; t < n; ++t)
      for (auto& each : acc[t]) each = V::set1(0);
    if constexpr (F::d_span <= chunk_columns)
      fast_short_spans<V, F, T, R>(panels, n_cols, x, first, n_tokens, row, acc);
    else
      fast_super_blocks<V, F, T, R>(panels, n_cols, x, first, n_tokens, row, acc);
    for (int r = 0; r < R; ++r)
      for (int t = 0; t < n; ++t) V::store(out + (r * n + t) * panel_rows + row, acc[t][r]);
  }
}

template <class V, class F>
void fast_product(const uint8_t* panels, int n_panels, int64_t n_cols, const QuantizedTokens& x,
                  int64_t first, int n_tokens, float* out) {
  const int64_t stride = PanelLayout<F>::bytes(n_cols / F::block);
  for (int p = 0; p < n_panels;) {
    const uint8_t* at = panels + p * stride;
    float* tiles = out + p * n_tokens * panel_rows;
    if (n_tokens == 1) {
      fast_tile<V, F, 1, 1>({at, stride}, n_cols, x, first, n_tokens, tiles);
      p += 1;
    } else if (p + V::side_by_side <= n_panels) {
      fast_tile<V, F, 0, V::side_by_side>({at, stride}, n_cols, x, first, n_tokens, tiles);
      p += V::side_by_side;
    } else {
      fast_tile<V, F, 0, 1>({at, stride}, n_cols, x, first, n_tokens, tiles);
      p += 1;
    }
  }
}

/// The f32 values of chunks of a block format: read(chunk, values) fills (32 columns, V::width rows).
template <class V, class F>
struct BlockReader {
  using L = PanelLayout<F>;
  const uint8_t* panel;
  int64_t n_cols;
  int first_row;

  [[gnu::always_inline]] void read(int64_t chunk, typename V::F32* values) const {
    const BlockScales<V, F> scales{panel + L::meta_at(chunk / L::chunks), first_row};
    typename V::I32 w[chunk_groups];
    load_codes<V, F>(chunk_of<F>(panel, chunk), first_row, w);
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
