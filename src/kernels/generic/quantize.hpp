#pragma once

#include "kernels/generic/math.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::kernels::generic {

/// The largest |x| of n numbers, a multiple of V::width: as bits, which sort as the numbers do, with infinity
/// and NaN above all.
template <class V>
[[gnu::always_inline]] inline int32_t largest_magnitude(const float* x, int n) {
  auto largest = V::set1_i32(0);
  for (int i = 0; i < n; i += V::width) largest = V::max(V::bits(absolute<V>(V::load(x + i))), largest);
  return V::largest(largest);
}

/// Steps from 0 to the largest |x| of a block: just less than 127.5, which still rounds to 127, so that every
/// number is within half a step of its code, and the step is as small as that allows.
inline constexpr float quantisation_steps = 127.499f;

/// 16 codes at `codes`: x / d to the nearest integer; their sums by pairs of columns modulo 4.
template <class V>
[[gnu::always_inline]] inline void quantize_16(const float* x, bool finite, typename V::F32 scale,
                                               typename V::F32 inverse, int8_t* codes, int16_t (&sums)[2]) {
  auto sum = V::set1_i32(0);
  unrolled<16 / V::width>([&](auto i) __attribute__((always_inline)) {
    auto code = V::set1_i32(0);
    if (finite) code = V::round(V::mul(V::mul(V::load(x + i * V::width), scale), inverse));
    V::store_i8(codes + i * V::width, code);
    sum = V::add(sum, code);
  });
  V::sum_pairs(sum, sums);
}

/// How a block is scaled.
struct BlockStep {
  float d;  // NaN where the block is not finite
  // Codes are x * scale * inverse. The inverse must not overflow: tiny blocks are scaled up first, which is
  // exact.
  float scale, inverse;

  /// By the bits of the largest |x|, and how many steps it is to have.
  BlockStep(int32_t bits, float steps) {
    float largest;
    std::memcpy(&largest, &bits, sizeof(largest));
    const bool finite = bits < 0x7f800000;
    d = finite ? largest / steps : __builtin_nanf("");
    scale = largest < 0x1p-100f ? 0x1p64f : 1.0f;
    inverse = finite && largest > 0 ? steps / (largest * scale) : 0;
  }
  BlockStep() = default;
};

template <class V, int Block>
[[gnu::always_inline]] inline void quantize_block(const float* x, const BlockStep& step,
                                                  const QuantizedTokens& out, int64_t block, int64_t token) {
  const bool finite = step.d == step.d;
  const auto scale = V::set1(step.scale), inverse = V::set1(step.inverse);
  const int64_t at = block * out.stride + token;
  out.d[at] = step.d;
  int all = 0;
  unrolled<Block / chunk_columns>([&](auto c) __attribute__((always_inline)) {
    const float* columns = x + c * chunk_columns;
    int8_t* codes = out.codes_of(Block, block * (Block / chunk_columns) + c, token);
    int16_t pairs[2][2];
    for (int i = 0; i < 2; ++i)
      quantize_16<V>(columns + 16 * i, finite, scale, inverse, codes + 16 * i, pairs[i]);
    const int first = pairs[0][0] + pairs[0][1], second = pairs[1][0] + pairs[1][1];
    all += first + second;
    if constexpr (Block == chunk_columns) {
      out.half_sums[at * 2] = static_cast<int16_t>(first);
      out.half_sums[at * 2 + 1] = static_cast<int16_t>(second);
      out.minus_sums[at] = -(step.d * static_cast<float>(all));
    } else {
      GroupSums& sums = out.group_sums[at];
      std::memcpy(sums.of_pairs[2 * c], pairs, sizeof(pairs));
      sums.of_16[2 * c] = static_cast<int16_t>(first);
      sums.of_16[2 * c + 1] = static_cast<int16_t>(second);
      sums.of_32[c] = static_cast<int16_t>(first + second);
    }
  });
  if constexpr (Block > chunk_columns) out.group_sums[at].all = all;
}

/// Blocks of `Block` columns as token `token` of `out`, which is a copy since the codes, bytes, might be
/// anything: d = max |x| / 127.499, codes = x / d to the nearest integer.
template <class V, int Block>
void quantize_blocks(const float* x, int64_t n_cols, const QuantizedTokens out, int64_t token) {
  // The steps of some blocks first, which take long and do not wait for each other.
  constexpr int most = 16;
  const int64_t n_blocks = n_cols / Block;
  for (int64_t first = 0; first < n_blocks; first += most) {
    BlockStep steps[most];
    const int n = n_blocks - first < most ? static_cast<int>(n_blocks - first) : most;
    for (int b = 0; b < n; ++b)
      steps[b] = BlockStep(largest_magnitude<V>(x + (first + b) * Block, Block), quantisation_steps);
    for (int b = 0; b < n; ++b)
      quantize_block<V, Block>(x + (first + b) * Block, steps[b], out, first + b, token);
  }
}

template <class V>
void quantize(const float* x, int64_t n_cols, int block, const QuantizedTokens& out, int64_t token) {
  if (block == chunk_columns)
    quantize_blocks<V, chunk_columns>(x, n_cols, out, token);
  else
    quantize_blocks<V, 256>(x, n_cols, out, token);
}

/// The same in int16, blocks of 32.
template <class V>
void quantize_int16(const float* x, int64_t n_cols, const QuantizedTokens& out, int64_t token) {
  for (int64_t block = 0; block < n_cols / chunk_columns; ++block, x += chunk_columns) {
    const BlockStep step(largest_magnitude<V>(x, chunk_columns), int16_largest);
    const int64_t at = block * out.stride + token;
    const auto scale = V::set1(step.scale), inverse = V::set1(step.inverse);
    out.d[at] = step.d;
    for (int i = 0; i < chunk_columns; i += V::width) {
      auto code = V::set1_i32(0);
      if (step.d == step.d) code = V::round(V::mul(V::mul(V::load(x + i), scale), inverse));
      V::store_i16(out.int16_codes + at * chunk_columns + i, code);
    }
  }
}

/// F16 and BF16 weights as Int16 has them.
template <class V>
void int16_weights(TensorType type, const uint8_t* weights, int n_blocks, uint16_t* d, int16_t* codes) {
  alignas(64) float x[chunk_columns];
  const auto* halves = reinterpret_cast<const uint16_t*>(weights);
  for (int block = 0; block < n_blocks; ++block, halves += chunk_columns, codes += chunk_columns) {
    for (int i = 0; i < chunk_columns; i += V::width)
      V::store(x + i, type == TensorType::f16 ? V::load_f16(halves + i) : V::load_bf16(halves + i));
    const float step = BlockStep(largest_magnitude<V>(x, chunk_columns), int16_largest).d;
    uint32_t bits;
    std::memcpy(&bits, &step, sizeof(bits));
    d[block] = static_cast<uint16_t>((bits + 0xffff) >> 16);  // upwards, so that no code is too large
    const bool none = !(step > 0);
    const auto divisor = V::set1(bf16_to_f32(d[block]));
    for (int i = 0; i < chunk_columns; i += V::width)
      V::store_i16(codes + i, none ? V::set1_i32(0) : V::round(V::div(V::load(x + i), divisor)));
  }
}

}  // namespace realizar::kernels::generic
