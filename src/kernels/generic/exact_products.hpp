#pragma once

#include "kernels/generic/weights.hpp"
#include "kernels/kernel_table.hpp"

// Products of weights with tokens in f32.
namespace realizar::kernels::generic {

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
