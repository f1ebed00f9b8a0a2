#pragma once

#include "kernels/generic/math.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::kernels::generic {

/// The largest |x| of n numbers, a multiple of V::width: as bits, which sort as the numbers do, with infinity
/// and NaN above all.
template <class V>
int32_t largest_magnitude(const float* x, int n) {
  auto largest = V::set1_i32(0);
  for (int i = 0; i < n; i += V::width) largest = V::max(V::bits(absolute<V>(V::load(x + i))), largest);
  return V::largest(largest);
}

inline constexpr int32_t infinity_bits = 0x7f800000;

/// Steps from 0 to the largest |x| of a block: just less than 127.5, which still rounds to 127, so that every
/// number is within half a step of its code, and the step is as small as that allows.
inline constexpr float quantisation_steps = 127.499f;

/// One block as token `token` of `out`: d = max |x| / 127.499, codes = x / d to the nearest integer.
template <class V>
void quantize_block(const float* x, int64_t first_column, int block, const QuantizedTokens& out,
                    int64_t token) {
  const int32_t bits = largest_magnitude<V>(x, block);
  const bool finite = bits < infinity_bits;
  float amax;
  std::memcpy(&amax, &bits, sizeof(amax));
  // The inverse must not overflow: tiny blocks are scaled up first, which is exact.
  const float up = amax < 0x1p-100f ? 0x1p64f : 1.0f;
  const auto inverse = V::set1(finite && amax > 0 ? quantisation_steps / (amax * up) : 0),
             scale = V::set1(up);

  const int64_t first_chunk = first_column / chunk_columns, n_chunks = block / chunk_columns;
  const float d = finite ? amax / quantisation_steps : __builtin_nanf("");
  for (int64_t c = 0; c < n_chunks; ++c) {
    const int64_t at = (first_chunk + c) * out.n_tokens + token;
    int8_t* codes = out.codes_of(block, first_chunk + c, token);
    const auto quantize_half = [&](int from) {
      auto sum = V::set1_i32(0);
      for (int i = from; i < from + chunk_columns / 2; i += V::width) {
        auto code = V::set1_i32(0);
        if (finite) code = V::round(V::mul(V::mul(V::load(x + c * chunk_columns + i), scale), inverse));
        V::store_i8(codes + i, code);
        sum = V::add(sum, code);
      }
      return V::sum(sum);
    };
    const int first = quantize_half(0), second = quantize_half(chunk_columns / 2);
    if (block == chunk_columns) {
      out.half_sums[at * 2] = static_cast<int16_t>(first);
      out.half_sums[at * 2 + 1] = static_cast<int16_t>(second);
      out.minus_sums[at] = -(d * static_cast<float>(first + second));
    } else {
      GroupSums& sums = out.group_sums[first_column / block * out.n_tokens + token];
      sums.of_16[2 * c] = static_cast<int16_t>(first);
      sums.of_16[2 * c + 1] = static_cast<int16_t>(second);
      sums.of_32[c] = static_cast<int16_t>(first + second);
      sums.all = (c == 0 ? 0 : sums.all) + first + second;
    }
  }
  out.d[first_column / block * out.n_tokens + token] = d;
}

template <class V>
void quantize(const float* x, int64_t n_cols, int block, const QuantizedTokens& out, int64_t token) {
  for (int64_t k = 0; k < n_cols; k += block) quantize_block<V>(x + k, k, block, out, token);
}

}  // namespace realizar::kernels::generic
