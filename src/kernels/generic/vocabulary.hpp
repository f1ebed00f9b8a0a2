#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/panel_layout.hpp"
#include "kernels/unrolled.hpp"

// clang-format off: the lines of the vocabulary are its entries
// The vocabulary of the generic kernels. An instruction set V has V::width (16, 8 or 4) lanes in each of
// V::registers, multiplies V::strips registers of rows together with many tokens and V::row_strips with one,
// of V::row_panels panels in turns, V::queries queries of attention (or tokens in f32) together with keys and
// values, and has as static functions on lanes of
//
//   F32  load store set1 add sub mul div, fma(a,b,c)=ab+c, fnma(a,b,c)=c-ab: each rounded once
//        min(a,b)=a<b?a:b, max(a,b)=a>b?a:b (so a NaN in a gives b)
//        less(a,b,x,y)=a<b?x:y, keep_nan(x,y)=x is NaN?x:y
//        load_f16 load_bf16 gather(table, I32) bits (as I32)
//        first: lane 0; from_lane<n>(a): lane i is lane i + n of a, for the first n lanes
//   I32  set1_i32 add sub mul max and_ or_ xor_ shl shr (logical) sar
//        store_i32; load_u8, load_i8: width bytes, widened; store_i8, store_i16: lanes that fit
//        largest: of all lanes; to_float; round(F32): to nearest even, |x| < 2^22; from_bits: as F32
//        sum_pairs(a, int16 out[2]): of the lanes 0 and 1 modulo 4, and of 2 and 3
//        load_bytes: the lanes as 4 * width bytes; lookup16(bytes, table): table[byte], bytes below 16
//        dot2(sum, pairs, x): sum + the two int16 of each lane times x[0] and x[1]
//   all  in_register(a): a, in a register of its own where compilers would load it again for every use
//   Dot  sums of products of bytes, w 4 bytes a lane, x the same 4 int8 for all lanes:
//        dot_u(dot, w, x) for unsigned w, dot_s for signed (only where V::signed_dot)
//        depth(m): how many products of 4 bytes, each product of two bytes up to m, one Dot takes
//        minus_dot(n, x): -n times x[0], x[1] as the pairs of a Dot of int16 (only where depth is limited)
//        no_dot(): 0; add_dot(I32, Dot), add_scaled(I32, Dot, Scale)
//        scale_u(bytes, i), scale_s: a Scale from byte i of each lane, unsigned or signed
//        only where tokens go in pairs, with PairDot as their type: interleave(I32& a, I32& b) of the
//        k-groups 2i and 2i + 1; no_pair_dot(); dot_pair(dot, a, b, x, y): of 8 int8 of one token and of
//        another; first_of, second_of: the Dot of either pair_u(bytes, i), pair_s: bytes 2i and 2i + 1 of
//        each lane as two int16
//
// V is a type in an unnamed namespace of its .cpp file, so that no two instruction sets share an
// instantiation; for the same reason generic code uses no function of the standard library.
// clang-format on
namespace realizar::kernels::generic {

[[gnu::always_inline]] constexpr int smaller(int a, int b) { return a < b ? a : b; }

/// Whether many tokens are multiplied two by two, with weights of two k-groups interleaved.
template <class V>
concept TakesPairs = requires {
  typename V::PairDot;
};

/// fn(first, a constant number of queries, or tokens, that are done together) for `count` of them: V::queries
/// as long as there are so many, then 4, and 3, 2 or 1 at the end.
template <class V, class Fn>
[[gnu::always_inline]] inline void for_queries(int count, const Fn& fn) {
  int first = 0;
  if constexpr (V::queries > 4)
    for (; first + V::queries <= count; first += V::queries)
      fn(first, std::integral_constant<int, V::queries>{});
  for (; first + 4 <= count; first += 4) fn(first, std::integral_constant<int, 4>{});
  if (count - first == 3) return fn(first, std::integral_constant<int, 3>{});
  if (count - first == 2) return fn(first, std::integral_constant<int, 2>{});
  if (count - first == 1) return fn(first, std::integral_constant<int, 1>{});
}

/// 16 f32 lanes, whatever the width of V: reductions run over them in index order and end in one fixed tree.
template <class V>
struct Lanes16 {
  static constexpr int parts = 16 / V::width;
  typename V::F32 part[parts];

  static Lanes16 all(float value) {
    Lanes16 out;
    for (int i = 0; i < parts; ++i) out.part[i] = V::set1(value);
    return out;
  }
  static Lanes16 load(const float* from) {
    Lanes16 out;
    for (int i = 0; i < parts; ++i) out.part[i] = V::load(from + i * V::width);
    return out;
  }
  /// The first `count` lanes from memory, the others `rest`.
  static Lanes16 load_some(const float* from, int64_t count, float rest) {
    float lanes[16];
    for (int i = 0; i < 16; ++i) lanes[i] = i < count ? from[i] : rest;
    return load(lanes);
  }

  /// Lane i with lane i + 8, then i + 4, i + 2, i + 1.
  template <class Fn>
  [[gnu::always_inline]] float reduce(const Fn& fn) const {
    Lanes16 tree = *this;
    for (int half = parts / 2; half > 0; half /= 2)
      for (int p = 0; p < half; ++p) tree.part[p] = fn(tree.part[p], tree.part[p + half]);
    auto lanes = tree.part[0];
    if constexpr (V::width > 8) lanes = fn(lanes, V::template from_lane<8>(lanes));
    if constexpr (V::width > 4) lanes = fn(lanes, V::template from_lane<4>(lanes));
    lanes = fn(lanes, V::template from_lane<2>(lanes));
    lanes = fn(lanes, V::template from_lane<1>(lanes));
    return V::first(lanes);
  }
  float sum() const {
    return reduce([](auto a, auto b) { return V::add(a, b); });
  }
  float max() const {
    return reduce([](auto a, auto b) { return V::max(a, b); });
  }
};

/// fn(Lanes16, ...) over arrays of n floats, 16 at a time; the lanes beyond n are `rest`.
template <class V, class Fn>
[[gnu::always_inline]] inline void for_each_16(const float* x, int64_t n, float rest, Fn fn) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) fn(Lanes16<V>::load(x + i));
  if (i < n) fn(Lanes16<V>::load_some(x + i, n - i, rest));
}

/// out[i] = fn(a[i], b[i]) for n floats; fn takes and gives V::F32. What stands beyond n is not touched.
template <class V, class Fn>
[[gnu::always_inline]] inline void transform(const float* a, const float* b, float* out, int64_t n, Fn fn) {
  constexpr int width = V::width;
  int64_t i = 0;
  for (; i + width <= n; i += width) V::store(out + i, fn(V::load(a + i), V::load(b + i)));
  if (i == n) return;
  float tail[3][width] = {};
  for (int64_t j = i; j < n; ++j) {
    tail[0][j - i] = a[j];
    tail[1][j - i] = b[j];
  }
  V::store(tail[2], fn(V::load(tail[0]), V::load(tail[1])));
  for (int64_t j = i; j < n; ++j) out[j] = tail[2][j - i];
}

template <class V, class Fn>
[[gnu::always_inline]] inline void transform(const float* a, float* out, int64_t n, Fn fn) {
  transform<V>(a, a, out, n, [&](auto x, auto) { return fn(x); });
}

}  // namespace realizar::kernels::generic
