#pragma once

// WebAssembly SIMD: 4 lanes. It has no fused multiply-add: here the product is rounded before it is added, so
// that results differ from those of all other sets in the last place. In an unnamed namespace: each set that
// builds on it has a copy of its own.
#include <wasm_simd128.h>

#include "kernels/generic/table.hpp"

namespace realizar::kernels {
namespace {

struct WasmUnfused {
  static constexpr int width = 4;
  static constexpr int registers = 16;
  static constexpr bool signed_dot = true;
  static constexpr int queries = 4;
  static constexpr int strips = 4, row_strips = 2, row_panels = 4;
  struct F32 {
    v128_t v;
  };
  struct I32 {
    v128_t v;
  };
  using Dot = I32;
  using Scale = I32;

  static F32 load(const float* p) { return {wasm_v128_load(p)}; }
  static void store(float* p, F32 a) { wasm_v128_store(p, a.v); }
  static F32 set1(float x) { return {wasm_f32x4_splat(x)}; }
  static F32 add(F32 a, F32 b) { return {wasm_f32x4_add(a.v, b.v)}; }
  static F32 sub(F32 a, F32 b) { return {wasm_f32x4_sub(a.v, b.v)}; }
  static F32 mul(F32 a, F32 b) { return {wasm_f32x4_mul(a.v, b.v)}; }
  static F32 div(F32 a, F32 b) { return {wasm_f32x4_div(a.v, b.v)}; }
  static F32 fma(F32 a, F32 b, F32 c) { return add(mul(a, b), c); }
  static F32 fnma(F32 a, F32 b, F32 c) { return sub(c, mul(a, b)); }
  // The processor's own minimum of a number and NaN is NaN; these take the second where the first is no less.
  static F32 min(F32 a, F32 b) { return {wasm_f32x4_pmin(b.v, a.v)}; }
  static F32 max(F32 a, F32 b) { return {wasm_f32x4_pmax(b.v, a.v)}; }
  static F32 less(F32 a, F32 b, F32 x, F32 y) {
    return {wasm_v128_bitselect(x.v, y.v, wasm_f32x4_lt(a.v, b.v))};
  }
  static F32 keep_nan(F32 x, F32 y) { return {wasm_v128_bitselect(y.v, x.v, wasm_f32x4_eq(x.v, x.v))}; }
  /// The exponent is put right by a product, which also makes denormal halves normal; exact.
  static F32 load_f16(const uint16_t* p) {
    const v128_t half = wasm_i32x4_load16x4(p);
    const v128_t bits = wasm_v128_and(wasm_i32x4_shl(half, 13), wasm_i32x4_const_splat(INT32_C(-0x70002000)));
    const v128_t number = wasm_f32x4_mul(bits, wasm_f32x4_const_splat(0x1p112f));
    const v128_t exponent = wasm_i32x4_const_splat(0x7c00);
    const v128_t no_number = wasm_i32x4_eq(wasm_v128_and(half, exponent), exponent);
    return {wasm_v128_or(number, wasm_v128_and(no_number, wasm_i32x4_const_splat(0x7f800000)))};
  }
  static F32 load_bf16(const uint16_t* p) { return {wasm_i32x4_shl(wasm_u32x4_load16x4(p), 16)}; }
  static F32 gather(const float* table, I32 index) {
    return {wasm_f32x4_make(
        table[wasm_i32x4_extract_lane(index.v, 0)], table[wasm_i32x4_extract_lane(index.v, 1)],
        table[wasm_i32x4_extract_lane(index.v, 2)], table[wasm_i32x4_extract_lane(index.v, 3)])};
  }
  static float first(F32 a) { return wasm_f32x4_extract_lane(a.v, 0); }
  template <int n>
  static F32 from_lane(F32 a) {
    return {wasm_i32x4_shuffle(a.v, a.v, n % 4, (n + 1) % 4, (n + 2) % 4, (n + 3) % 4)};
  }

  static I32 load_bytes(const void* p) { return {wasm_v128_load(p)}; }
  static I32 load_u8(const uint8_t* p) {
    return {wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(p)))};
  }
  static I32 load_i8(const uint8_t* p) {
    return {wasm_i32x4_extend_low_i16x8(wasm_i16x8_extend_low_i8x16(wasm_v128_load32_zero(p)))};
  }
  static void store_i8(int8_t* p, I32 a) {
    wasm_v128_store32_lane(
        p, wasm_i8x16_shuffle(a.v, a.v, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0);
  }
  static void store_i16(int16_t* p, I32 a) {
    wasm_v128_store64_lane(p, wasm_i16x8_narrow_i32x4(a.v, a.v), 0);
  }
  static I32 max(I32 a, I32 b) { return {wasm_i32x4_max(a.v, b.v)}; }
  static void store_i32(int32_t* p, I32 a) { wasm_v128_store(p, a.v); }
  static int32_t largest(I32 a) {
    const v128_t two = wasm_i32x4_max(a.v, wasm_i32x4_shuffle(a.v, a.v, 2, 3, 0, 1));
    return wasm_i32x4_extract_lane(wasm_i32x4_max(two, wasm_i32x4_shuffle(two, two, 1, 0, 3, 2)), 0);
  }
  static void sum_pairs(I32 a, int16_t* out) {
    const v128_t sums = wasm_i32x4_add(a.v, wasm_i32x4_shuffle(a.v, a.v, 1, 0, 3, 2));
    out[0] = static_cast<int16_t>(wasm_i32x4_extract_lane(sums, 0));
    out[1] = static_cast<int16_t>(wasm_i32x4_extract_lane(sums, 2));
  }
  static I32 set1_i32(int32_t x) { return {wasm_i32x4_splat(x)}; }
  static I32 add(I32 a, I32 b) { return {wasm_i32x4_add(a.v, b.v)}; }
  static I32 sub(I32 a, I32 b) { return {wasm_i32x4_sub(a.v, b.v)}; }
  static I32 mul(I32 a, I32 b) { return {wasm_i32x4_mul(a.v, b.v)}; }
  static I32 and_(I32 a, I32 b) { return {wasm_v128_and(a.v, b.v)}; }
  static I32 or_(I32 a, I32 b) { return {wasm_v128_or(a.v, b.v)}; }
  static I32 xor_(I32 a, I32 b) { return {wasm_v128_xor(a.v, b.v)}; }
  static I32 shl(I32 a, int n) { return {wasm_i32x4_shl(a.v, static_cast<uint32_t>(n))}; }
  static I32 shr(I32 a, int n) { return {wasm_u32x4_shr(a.v, static_cast<uint32_t>(n))}; }
  static I32 sar(I32 a, int n) { return {wasm_i32x4_shr(a.v, static_cast<uint32_t>(n))}; }
  static F32 to_float(I32 a) { return {wasm_f32x4_convert_i32x4(a.v)}; }
  /// Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
  static I32 round(F32 a) {
    return {wasm_i32x4_sub(wasm_f32x4_add(unknown(a.v), wasm_f32x4_const_splat(0x1.8p23f)),
                           wasm_i32x4_const_splat(0x4b400000))};
  }
  static I32 bits(F32 a) { return {a.v}; }
  static F32 from_bits(I32 a) { return {a.v}; }
  static I32 lookup16(I32 bytes, const uint8_t* table) {
    return {wasm_i8x16_swizzle(wasm_v128_load(table), bytes.v)};
  }
  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    return {wasm_i32x4_add(sum.v, wasm_i32x4_dot_i16x8(pairs.v, wasm_v128_load32_splat(x)))};
  }

  template <class T>
  static T in_register(T a) {
    return a;  // what runs WebAssembly compiles it once more, and gives out registers itself
  }

  // Bytes meet as int16, those at even places and those at odd ones. Sums are 256 times what they stand for:
  // one of the two that meet stays in the upper half of its 16 bits, where it need not be given a sign. dot_u
  // is for codes below 128, since the types with larger ones are signed.
  static constexpr int depth(int) { return chunk_groups; }
  static Dot no_dot() { return {wasm_i32x4_const_splat(0)}; }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) {
    const v128_t four = wasm_v128_load32_splat(x);
    return add_products(dot, wasm_v128_and(w.v, wasm_i16x8_const_splat(0xff)), wasm_i16x8_shl(four, 8),
                        wasm_v128_and(w.v, wasm_i16x8_const_splat(0x7f00)), wasm_i16x8_shr(four, 8));
  }
  static Dot dot_s(Dot dot, I32 w, const int8_t* x) {
    const v128_t four = wasm_v128_load32_splat(x);
    return add_products(dot, wasm_i16x8_shl(w.v, 8), wasm_i16x8_shr(wasm_i16x8_shl(four, 8), 8),
                        wasm_v128_and(w.v, wasm_i16x8_const_splat(INT16_C(-0x100))), wasm_i16x8_shr(four, 8));
  }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, sar(dot, 8)); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return add(sum, mul(sar(dot, 8), scale)); }
  static Scale scale_u(I32 bytes, int i) { return and_(shr(bytes, 8 * i), set1_i32(255)); }
  static Scale scale_s(I32 bytes, int i) { return sar(shl(bytes, 24 - 8 * i), 24); }
  static I32 pair_u(I32 bytes, int i) {
    const v128_t two = wasm_u32x4_shr(bytes.v, static_cast<uint32_t>(16 * i));
    return {wasm_v128_or(wasm_v128_and(two, wasm_i32x4_const_splat(0xff)),
                         wasm_v128_and(wasm_i32x4_shl(two, 8), wasm_i32x4_const_splat(0xff0000)))};
  }
  static I32 pair_s(I32 bytes, int i) {
    const v128_t two = wasm_u32x4_shr(bytes.v, static_cast<uint32_t>(16 * i));
    const v128_t apart = wasm_v128_or(wasm_v128_and(wasm_i32x4_shl(two, 8), wasm_i32x4_const_splat(0xff00)),
                                      wasm_i32x4_shl(wasm_i32x4_shr(two, 8), 24));
    return {wasm_i16x8_shr(apart, 8)};
  }

 private:
  /// clang 14 folds known lanes of a vector for ever otherwise, with `round` in what stores a value as int8.
  static v128_t unknown(v128_t a) {
    asm("" : "+r"(a));
    return a;
  }
  static Dot add_products(Dot dot, v128_t even, v128_t even_x, v128_t odd, v128_t odd_x) {
    return {wasm_i32x4_add(wasm_i32x4_add(dot.v, wasm_i32x4_dot_i16x8(even, even_x)),
                           wasm_i32x4_dot_i16x8(odd, odd_x))};
  }
};

}  // namespace
}  // namespace realizar::kernels
