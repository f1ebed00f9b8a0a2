#pragma once

// NEON as all processors of aarch64 have it: 4 lanes; products of bytes are summed in 16 bits. In an unnamed
// namespace: each set that builds on it has a copy of its own, compiled with its flags.
#include <arm_neon.h>

#include "kernels/generic/table.hpp"

namespace realizar::kernels {
namespace {

struct Neon {
  static constexpr int width = 4;
  static constexpr int registers = 32;
  static constexpr bool signed_dot = true;
  static constexpr int queries = 6;
  static constexpr int strips = 4, row_strips = 4, row_panels = 1;
  using F32 = float32x4_t;
  using I32 = int32x4_t;
  struct Dot {
    int16x8_t low, high;  // four int16 a lane, of two lanes each
  };
  using Scale = int32x4_t;

  static F32 load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, F32 a) { vst1q_f32(p, a); }
  static F32 set1(float x) { return vdupq_n_f32(x); }
  static F32 add(F32 a, F32 b) { return vaddq_f32(a, b); }
  static F32 sub(F32 a, F32 b) { return vsubq_f32(a, b); }
  static F32 mul(F32 a, F32 b) { return vmulq_f32(a, b); }
  static F32 div(F32 a, F32 b) { return vdivq_f32(a, b); }
  static F32 fma(F32 a, F32 b, F32 c) { return vfmaq_f32(c, a, b); }
  static F32 fnma(F32 a, F32 b, F32 c) { return vfmsq_f32(c, a, b); }
  // The processor's own minimum of a number and NaN is NaN, whichever comes first.
  static F32 min(F32 a, F32 b) { return less(a, b, a, b); }
  static F32 max(F32 a, F32 b) { return less(b, a, a, b); }
  static F32 less(F32 a, F32 b, F32 x, F32 y) { return vbslq_f32(vcltq_f32(a, b), x, y); }
  static F32 keep_nan(F32 x, F32 y) { return vbslq_f32(vceqq_f32(x, x), y, x); }
  static F32 load_f16(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
  static F32 load_bf16(const uint16_t* p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
  static F32 gather(const float* table, I32 index) {
    return F32{table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
  }
  static float first(F32 a) { return vgetq_lane_f32(a, 0); }
  template <int n>
  static F32 from_lane(F32 a) {
    return vextq_f32(a, a, n);
  }

  static I32 load_bytes(const void* p) {
    return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(p)));
  }
  static I32 load_u8(const uint8_t* p) {
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_s32(load_32(p))))));
  }
  static I32 load_i8(const uint8_t* p) {
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(load_32(p)))));
  }
  static void store_i8(int8_t* p, I32 a) {
    const int16x4_t words = vmovn_s32(a);
    const int32_t bytes = vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(words, words))), 0);
    std::memcpy(p, &bytes, sizeof(bytes));
  }
  static void store_i16(int16_t* p, I32 a) { vst1_s16(p, vmovn_s32(a)); }
  static I32 max(I32 a, I32 b) { return vmaxq_s32(a, b); }
  static void store_i32(int32_t* p, I32 a) { vst1q_s32(p, a); }
  static int32_t largest(I32 a) { return vmaxvq_s32(a); }
  static void sum_pairs(I32 a, int16_t* out) {
    const I32 sums = vpaddq_s32(a, a);
    out[0] = static_cast<int16_t>(vgetq_lane_s32(sums, 0));
    out[1] = static_cast<int16_t>(vgetq_lane_s32(sums, 1));
  }
  static I32 set1_i32(int32_t x) { return vdupq_n_s32(x); }
  static I32 add(I32 a, I32 b) { return vaddq_s32(a, b); }
  static I32 sub(I32 a, I32 b) { return vsubq_s32(a, b); }
  static I32 mul(I32 a, I32 b) { return vmulq_s32(a, b); }
  static I32 and_(I32 a, I32 b) { return vandq_s32(a, b); }
  static I32 or_(I32 a, I32 b) { return vorrq_s32(a, b); }
  static I32 xor_(I32 a, I32 b) { return veorq_s32(a, b); }
  // Operators, since the intrinsics want their numbers known before anything is inlined.
  static I32 shl(I32 a, int n) {
    return vreinterpretq_s32_u32(vreinterpretq_u32_s32(a) << static_cast<uint32_t>(n));
  }
  static I32 shr(I32 a, int n) {
    return vreinterpretq_s32_u32(vreinterpretq_u32_s32(a) >> static_cast<uint32_t>(n));
  }
  static I32 sar(I32 a, int n) { return a >> n; }
  static F32 to_float(I32 a) { return vcvtq_f32_s32(a); }
  static I32 round(F32 a) { return vcvtnq_s32_f32(a); }
  static I32 bits(F32 a) { return vreinterpretq_s32_f32(a); }
  static F32 from_bits(I32 a) { return vreinterpretq_f32_s32(a); }
  static I32 lookup16(I32 bytes, const uint8_t* table) {
    return vreinterpretq_s32_u8(vqtbl1q_u8(vld1q_u8(table), vreinterpretq_u8_s32(bytes)));
  }

  static I32 broadcast4(const void* p) {
    int32_t word;
    std::memcpy(&word, p, 4);
    return vdupq_n_s32(word);
  }
  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    const int16x8_t a = vreinterpretq_s16_s32(pairs), b = vreinterpretq_s16_s32(broadcast4(x));
    return add(sum, vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)));
  }

  template <class T>
  static T in_register(T a) {
    asm("" : "+w"(a));
    return a;
  }

  // Each int16 takes one product a step. Unsigned codes are below 128: they are signed as well.
  static constexpr int depth(int max_product) {
    int power = chunk_groups;
    while (power > 32767 / max_product) power /= 2;
    return power;
  }
  static Dot in_register(Dot dot) { return {in_register(dot.low), in_register(dot.high)}; }
  static Dot no_dot() { return {vdupq_n_s16(0), vdupq_n_s16(0)}; }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) { return dot_s(dot, w, x); }
  static Dot dot_s(Dot dot, I32 w, const int8_t* x) {
    const int8x16_t a = vreinterpretq_s8_s32(w), b = vreinterpretq_s8_s32(broadcast4(x));
    return {vmlal_s8(dot.low, vget_low_s8(a), vget_low_s8(b)), vmlal_high_s8(dot.high, a, b)};
  }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, total(dot)); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return vmlaq_s32(sum, total(dot), scale); }
  static Scale scale_u(I32 bytes, int i) {
    return pick(bytes, uint8x16_t{0, 128, 128, 128, 4, 128, 128, 128, 8, 128, 128, 128, 12, 128, 128, 128},
                i);
  }
  static Scale scale_s(I32 bytes, int i) { return sar(shl(bytes, 24 - 8 * i), 24); }
  static I32 pair_u(I32 bytes, int i) {
    return pick(bytes, uint8x16_t{0, 128, 1, 128, 4, 128, 5, 128, 8, 128, 9, 128, 12, 128, 13, 128}, 2 * i);
  }
  static I32 pair_s(I32 bytes, int i) {
    const I32 high =
        pick(bytes, uint8x16_t{128, 0, 128, 1, 128, 4, 128, 5, 128, 8, 128, 9, 128, 12, 128, 13}, 2 * i);
    return vreinterpretq_s32_s16(vreinterpretq_s16_s32(high) >> 8);
  }

 private:
  /// Bytes by index, those from index 128 on being 0; `more` is added to the indices.
  static I32 pick(I32 bytes, uint8x16_t index, int more) {
    return vreinterpretq_s32_u8(vqtbl1q_u8(vreinterpretq_u8_s32(bytes), index + static_cast<uint8_t>(more)));
  }
  static I32 total(Dot dot) { return vpaddq_s32(vpaddlq_s16(dot.low), vpaddlq_s16(dot.high)); }
  static int32x2_t load_32(const void* p) {
    int32_t word;
    std::memcpy(&word, p, 4);
    return vdup_n_s32(word);
  }
};

}  // namespace
}  // namespace realizar::kernels
