#pragma once

#include "kernels/generic/vocabulary.hpp"

// The most multiply-adds that an instruction set does: loops whose operands stay in registers, by the very
// steps that products are made of. Nothing is loaded but what a round begins with, so a product cannot be
// faster, and what it lacks goes to unpacking, scales and loads.
namespace realizar::kernels::generic {

/// Tells the compiler that what stands at `p` is read and may have changed: it can neither drop the work that
/// made it nor take work on it out of a loop.
[[gnu::always_inline]] inline void touch(void* p) { asm volatile("" : : "r"(p) : "memory"); }

/// `n_rounds` times a chunk of weights in codes of 4 bits, as 4-bit formats have them, with some tokens;
/// returns the multiply-adds. Every weight meets every token once a round: no two products are the same.
template <class V>
int64_t int8_peak(int64_t n_rounds) {
  constexpr int n_tokens = V::registers / 4;  // as many sums as they hold
  constexpr int depth = smaller(chunk_groups, V::depth(15 * 127));
  constexpr int group_bytes = 4 * V::width;
  alignas(64) uint8_t weights[chunk_groups * group_bytes];
  alignas(64) int8_t x[n_tokens * 8];
  for (int i = 0; i < chunk_groups * group_bytes; ++i) weights[i] = static_cast<uint8_t>(i * 7 % 16);
  for (int i = 0; i < n_tokens * 8; ++i) x[i] = static_cast<int8_t>(i * 37 % 255 - 127);

  typename V::I32 sum[n_tokens];
#pragma GCC unroll 16
  for (auto& each : sum) each = V::set1_i32(0);
  for (int64_t round = 0; round < n_rounds; ++round) {
    touch(weights);
    touch(x);
    for (int g = 0; g < chunk_groups; g += depth) {
      typename V::Dot dot[n_tokens];
      if constexpr (TakesPairs<V>) {
        typename V::PairDot pair[n_tokens / 2];
        for (auto& each : pair) each = V::no_pair_dot();
        for (int i = g; i < g + depth; i += 2) {
          const auto a = V::load_bytes(weights + i * group_bytes),
                     b = V::load_bytes(weights + (i + 1) * group_bytes);
          for (int t = 0; t < n_tokens; t += 2)
            pair[t / 2] = V::dot_pair(pair[t / 2], a, b, x + 8 * t, x + 8 * t + 8);
        }
        for (int t = 0; t < n_tokens; ++t)
          dot[t] = t % 2 == 0 ? V::first_of(pair[t / 2]) : V::second_of(pair[t / 2]);
      } else {
        for (auto& each : dot) each = V::no_dot();
        for (int i = g; i < g + depth; ++i) {
          const auto w = V::load_bytes(weights + i * group_bytes);
          for (int t = 0; t < n_tokens; ++t) dot[t] = V::in_register(V::dot_u(dot[t], w, x + 4 * t));
        }
      }
      for (int t = 0; t < n_tokens; ++t) sum[t] = V::add_dot(sum[t], dot[t]);
    }
  }
  int32_t out[V::width];
#pragma GCC unroll 16
  for (const auto& each : sum) {
    V::store_i32(out, each);
    touch(out);
  }
  return n_rounds * n_tokens * chunk_groups * group_bytes;
}

/// The same for f32: FMAs on sums enough to hide the latency of one, 4 cycles at two a cycle.
template <class V>
int64_t f32_peak(int64_t n_rounds) {
  constexpr int n_sums = 12, n_columns = 8;
  alignas(64) float numbers[V::width + n_sums];
  for (int i = 0; i < V::width + n_sums; ++i) numbers[i] = static_cast<float>(i);
  touch(numbers);

  // Sums that begin alike would be one to the compiler.
  typename V::F32 sum[n_sums];
#pragma GCC unroll 16
  for (int i = 0; i < n_sums; ++i) sum[i] = V::load(numbers + i);
  const auto w = V::load(numbers), factor = V::set1(numbers[1]);
  for (int64_t round = 0; round < n_rounds; ++round)
    for (int k = 0; k < n_columns; ++k)
      for (auto& each : sum) each = V::fma(w, factor, each);
  float out[V::width];
#pragma GCC unroll 16
  for (const auto& each : sum) {
    V::store(out, each);
    touch(out);
  }
  return n_rounds * n_sums * n_columns * V::width;
}

}  // namespace realizar::kernels::generic
