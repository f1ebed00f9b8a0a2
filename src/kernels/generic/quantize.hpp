#pragma once

#include "kernels/generic/math.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::kernels::generic {

/// One block as token `token` of `out`: d = max |x| / 127, codes = x / d to the nearest integer.
template <class V>
void quantize_block(const float* x, int64_t first_column, int block, const QuantizedTokens& out,
                    int64_t token) {
  auto largest = Lanes16<V>::all(0), poison = Lanes16<V>::all(0);
  for_each_16<V>(x, block, 0, [&](const Lanes16<V>& v) {
    for (int i = 0; i < v.parts; ++i) {
      largest.part[i] = V::max(absolute<V>(v.part[i]), largest.part[i]);
      poison.part[i] = V::fma(v.part[i], V::set1(0), poison.part[i]);  // NaN after any NaN or infinity
    }
  });
  const float amax = largest.max(), check = poison.sum();
  const bool finite = check == check;
  // 127 / amax must not overflow: tiny blocks are scaled up first, which is exact.
  const float up = amax < 0x1p-100f ? 0x1p64f : 1.0f;
  const auto inverse = V::set1(finite && amax > 0 ? 127.0f / (amax * up) : 0), scale = V::set1(up);

  const int64_t first_chunk = first_column / chunk_columns, n_chunks = block / chunk_columns;
  const float d = finite ? amax / 127 : check;
  for (int64_t c = 0; c < n_chunks; ++c) {
    const int64_t at = (first_chunk + c) * out.n_tokens + token;
    int8_t* codes = out.codes + at * chunk_columns;
    for (int i = 0; i < chunk_columns; i += V::width) {
      auto code = V::set1_i32(0);
      if (finite) code = V::round(V::mul(V::mul(V::load(x + c * chunk_columns + i), scale), inverse));
      V::store_i8(codes + i, code);
    }
    int sums[2] = {};
    for (int i = 0; i < chunk_columns; ++i) sums[i / 16] += codes[i];
    for (int i = 0; i < 2; ++i) out.sums16[at * 2 + i] = static_cast<int16_t>(sums[i]);
    if (block == chunk_columns)
      out.minus_sums[at] = -(d * static_cast<float>(sums[0] + sums[1]));
    else
      out.sums32[(first_column / block * out.n_tokens + token) * 8 + c] =
          static_cast<int16_t>(sums[0] + sums[1]);
  }
  out.d[first_column / block * out.n_tokens + token] = d;
}

template <class V>
void quantize(const float* x, int64_t n_cols, int block, const QuantizedTokens& out, int64_t token) {
  for (int64_t k = 0; k < n_cols; k += block) quantize_block<V>(x + k, k, block, out, token);
}

}  // namespace realizar::kernels::generic
