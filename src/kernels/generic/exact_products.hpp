#pragma once

#include "backend/topology.hpp"
#include "kernels/generic/strips.hpp"
#include "kernels/generic/weights.hpp"
#include "kernels/kernel_table.hpp"

// Products of weights with tokens in f32. Readers make the f32 values of a chunk; what follows is the same
// for all types.
namespace realizar::kernels::generic {

/// The f32 values (32 columns) of V::width rows from `first_row` on in a chunk of a block format.
template <class V, class F>
struct BlockReader {
  using L = PanelLayout<F>;
  static constexpr int row_strips = 4;

  static int64_t stride(int64_t n_cols) { return L::bytes(n_cols / F::block); }

  static void read(const uint8_t* panel, int64_t, int first_row, int64_t chunk, backend::Prefetch ahead,
                   typename V::F32* values) {
    const BlockScales<V, F> scales{panel + L::meta_at(chunk / L::chunks), first_row};
    typename V::I32 w[chunk_groups];
    if (first_row == 0) prefetch_chunk<F>(panel, chunk, ahead);
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
  static constexpr int column_bytes = panel_rows * (Type == TensorType::f32 ? 4 : 2);
  // Of two panels at most: memory is what they wait for, and more streams of reads are slower.
  static constexpr int row_strips = smaller(4, 2 * Strips<V, 1>::of_panel);

  static int64_t stride(int64_t n_cols) {
    const int64_t bytes = n_cols * column_bytes;
    return (bytes + vector_bytes - 1) / vector_bytes * vector_bytes;
  }

  static void read(const uint8_t* panel, int64_t n_cols, int first_row, int64_t chunk,
                   backend::Prefetch ahead, typename V::F32* values) {
    const int64_t first = chunk * chunk_columns;
    if (first_row == 0) prefetch<chunk_columns * column_bytes>(panel + first * column_bytes, ahead);
    const int count = n_cols - first < chunk_columns ? static_cast<int>(n_cols - first) : chunk_columns;
    for (int i = 0; i < count; ++i) values[i] = value(panel, (first + i) * panel_rows + first_row);
  }

 private:
  [[gnu::always_inline]] static typename V::F32 value(const uint8_t* panel, int64_t at) {
    if constexpr (Type == TensorType::f32) return V::load(reinterpret_cast<const float*>(panel) + at);
    const auto* halves = reinterpret_cast<const uint16_t*>(panel) + at;
    if constexpr (Type == TensorType::f16) return V::load_f16(halves);
    if constexpr (Type == TensorType::bf16) return V::load_bf16(halves);
  }
};

template <class V>
using ReadChunk = void (*)(const uint8_t* panel, int64_t n_cols, int first_row, int64_t chunk,
                           backend::Prefetch ahead, typename V::F32* values);

/// acc[t][r] = fma(value of column k in strip r, x[t][k], acc[t][r]) for `count` columns in order: `N` tokens
/// and `R` strips side by side, so that no sum waits for the one before.
template <class V, int N, int R>
[[gnu::always_inline]] inline void multiply_chunk(const typename V::F32 (*values)[chunk_columns], int count,
                                                  const float* x, int64_t x_stride,
                                                  typename V::F32 (*acc)[R]) {
  typename V::F32 sum[N][R];
  unrolled<N>([&](auto t) { unrolled<R>([&](auto r) { sum[t][r] = acc[t][r]; }); });
  for (int k = 0; k < count; ++k) {
    typename V::F32 value[R];
    unrolled<R>([&](auto r) { value[r] = values[r][k]; });
    unrolled<N>([&](auto t) __attribute__((always_inline)) {
      const auto token = V::in_register(V::set1(x[t * x_stride + k]));
      unrolled<R>([&](auto r) { sum[t][r] = V::fma(value[r], token, sum[t][r]); });
    });
  }
  unrolled<N>([&](auto t) { unrolled<R>([&](auto r) { acc[t][r] = sum[t][r]; }); });
}

/// tiles (panels, 1, 16) of the panels that R strips make, for one token.
template <class V, int R>
void exact_row(const Strips<V, R>& strips, ReadChunk<V> read, int64_t n_cols, const float* x, float* tiles) {
  typename V::F32 acc[1][R], values[R][chunk_columns];
  for (auto& each : acc[0]) each = V::set1(0);
  for (int64_t k = 0; k < n_cols; k += chunk_columns) {
    for (int r = 0; r < R; ++r)
      read(strips.panel(r), n_cols, strips.first_row(r), k / chunk_columns, strips.ahead(), values[r]);
    const int count = n_cols - k < chunk_columns ? static_cast<int>(n_cols - k) : chunk_columns;
    multiply_chunk<V, 1, R>(values, count, x + k, 0, acc);
  }
  for (int r = 0; r < R; ++r) V::store(strips.result(tiles, 1, r, 0), acc[0][r]);
}

/// tiles (n_panels, n_tokens, 16) of up to `max_tile_panels` for many tokens: chunk by chunk, so that what
/// the tokens have of it stays in the first cache for all panels.
template <class V>
void exact_tiles(ReadChunk<V> read, const uint8_t* panels, int64_t panel_stride, int n_panels, int64_t n_cols,
                 const float* x, int64_t x_stride, int n_tokens, float* tiles) {
  constexpr int of_panel = Strips<V, 1>::of_panel;
  typename V::F32 sums[max_tile_panels * of_panel * max_tile_tokens];
  const auto for_groups = [&](const auto& fn) {
    for_strips<V, V::strips>(
        panels, panel_stride, n_panels, {}, [&]<int R>(const Strips<V, R>& strips, int p) {
          auto* of_strips = sums + p * of_panel * max_tile_tokens;
          fn(strips, reinterpret_cast<typename V::F32(*)[R]>(of_strips), tiles + p * n_tokens * panel_rows);
        });
  };
  for (int i = 0; i < n_panels * of_panel * max_tile_tokens; ++i) sums[i] = V::set1(0);
  for (int64_t k = 0; k < n_cols; k += chunk_columns) {
    const int count = n_cols - k < chunk_columns ? static_cast<int>(n_cols - k) : chunk_columns;
    for_groups([&]<int R>(const Strips<V, R>& strips, auto* acc, float*) {
      typename V::F32 values[R][chunk_columns];
      for (int i = 0; i < R; ++i)
        read(strips.panel(i), n_cols, strips.first_row(i), k / chunk_columns, {}, values[i]);
      for_queries<V>(n_tokens, [&](int t, auto together) {
        multiply_chunk<V, together.value, R>(values, count, x + t * x_stride + k, x_stride, acc + t);
      });
    });
  }
  for_groups([&]<int R>(const Strips<V, R>& strips, auto* acc, float* out) {
    for (int t = 0; t < n_tokens; ++t)
      for (int i = 0; i < R; ++i) V::store(strips.result(out, n_tokens, i, t), acc[t][i]);
  });
}

/// `RowStrips` strips are multiplied together with one token.
template <class V, int RowStrips>
void exact_products(ReadChunk<V> read, const uint8_t* panels, int64_t panel_stride, int n_panels,
                    int64_t n_cols, const float* x, int64_t x_stride, int n_tokens, float* out) {
  if (n_tokens > 1) {
    for (int p = 0; p < n_panels; p += max_tile_panels)
      exact_tiles<V>(read, panels + p * panel_stride, panel_stride, smaller(max_tile_panels, n_panels - p),
                     n_cols, x, x_stride, n_tokens, out + p * n_tokens * panel_rows);
    return;
  }
  for_strips<V, RowStrips>(panels, panel_stride, n_panels, backend::topology().prefetch,
                           [&]<int R>(const Strips<V, R>& strips, int p) {
                             exact_row<V>(strips, read, n_cols, x, out + p * panel_rows);
                           });
}

template <class V, class Reader>
void exact_product(const uint8_t* panels, int n_panels, int64_t n_cols, const float* x, int64_t x_stride,
                   int n_tokens, float* out) {
  exact_products<V, Reader::row_strips>(Reader::read, panels, Reader::stride(n_cols), n_panels, n_cols, x,
                                        x_stride, n_tokens, out);
}

}  // namespace realizar::kernels::generic
