#pragma once

// AVX-512 F, BW, DQ, VL and VNNI: 16 lanes. In an unnamed namespace: each set that builds on it
// has a copy of its own, compiled with its flags.
#include <immintrin.h>

#include "kernels/generic/table.hpp"

namespace realizar::kernels {
namespace {

struct Avx512 {
  static constexpr int width = 16;
  static constexpr int registers = 32;
  static constexpr bool signed_dot = false;
  static constexpr int queries = 8;
  static constexpr int strips = 2, row_strips = 1, row_panels = 1;
  using F32 = __m512;
  using I32 = __m512i;
  using Dot = __m512i;
  using Scale = __m512i;

  static F32 load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, F32 a) { _mm512_storeu_ps(p, a); }
  static F32 set1(float x) { return _mm512_set1_ps(x); }
  static F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
  static F32 sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
  static F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
  static F32 div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
  static F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
  static F32 fnma(F32 a, F32 b, F32 c) { return _mm512_fnmadd_ps(a, b, c); }
  static F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
  static F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
  static F32 less(F32 a, F32 b, F32 x, F32 y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
  }
  static F32 keep_nan(F32 x, F32 y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), y, x);
  }
  static F32 load_f16(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static F32 load_bf16(const uint16_t* p) {
    return from_bits(shl(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16));
  }
  static F32 gather(const float* table, I32 index) { return _mm512_i32gather_ps(index, table, 4); }
  static float first(F32 a) { return _mm512_cvtss_f32(a); }
  template <int n>
  static F32 from_lane(F32 a) {
    if constexpr (n == 8) return _mm512_shuffle_f32x4(a, a, 0b1110);
    if constexpr (n == 4) return _mm512_shuffle_f32x4(a, a, 1);
    if constexpr (n == 2) return _mm512_permute_ps(a, 0b1110);
    if constexpr (n == 1) return _mm512_permute_ps(a, 1);
  }

  static I32 load_bytes(const void* p) { return _mm512_loadu_si512(p); }
  static I32 load_u8(const uint8_t* p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static I32 load_i8(const uint8_t* p) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static void store_i8(int8_t* p, I32 a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a));
  }
  static void store_i16(int16_t* p, I32 a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a));
  }
  static I32 max(I32 a, I32 b) { return _mm512_max_epi32(a, b); }
  static void store_i32(int32_t* p, I32 a) { _mm512_storeu_si512(p, a); }
  static int32_t largest(I32 a) { return _mm512_reduce_max_epi32(a); }
  static void sum_pairs(I32 a, int16_t* out) {
    const __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b10110001));
    out[0] = static_cast<int16_t>(_mm_cvtsi128_si32(two));
    out[1] = static_cast<int16_t>(_mm_extract_epi32(two, 2));
  }
  static I32 set1_i32(int32_t x) { return _mm512_set1_epi32(x); }
  static I32 add(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
  static I32 sub(I32 a, I32 b) { return _mm512_sub_epi32(a, b); }
  static I32 mul(I32 a, I32 b) { return _mm512_mullo_epi32(a, b); }
  static I32 and_(I32 a, I32 b) { return _mm512_and_si512(a, b); }
  static I32 or_(I32 a, I32 b) { return _mm512_or_si512(a, b); }
  static I32 xor_(I32 a, I32 b) { return _mm512_xor_si512(a, b); }
  static I32 shl(I32 a, int n) { return _mm512_slli_epi32(a, static_cast<unsigned>(n)); }
  static I32 shr(I32 a, int n) { return _mm512_srli_epi32(a, static_cast<unsigned>(n)); }
  static I32 sar(I32 a, int n) { return _mm512_srai_epi32(a, static_cast<unsigned>(n)); }
  static F32 to_float(I32 a) { return _mm512_cvtepi32_ps(a); }
  static I32 round(F32 a) { return _mm512_cvtps_epi32(a); }
  static I32 bits(F32 a) { return _mm512_castps_si512(a); }
  static F32 from_bits(I32 a) { return _mm512_castsi512_ps(a); }
  static I32 lookup16(I32 bytes, const uint8_t* table) {
    return _mm512_shuffle_epi8(
        _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), bytes);
  }

  static I32 broadcast4(const void* p) {
    int32_t word;
    std::memcpy(&word, p, 4);
    return _mm512_set1_epi32(word);
  }
  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    return _mm512_dpwssd_epi32(sum, pairs, broadcast4(x));
  }

  template <class T>
  static T in_register(T a) {
    asm("" : "+v"(a));
    return a;
  }
  static constexpr int depth(int) { return chunk_groups; }
  static Dot no_dot() { return _mm512_setzero_si512(); }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) { return _mm512_dpbusd_epi32(dot, w, broadcast4(x)); }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, dot); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return add(sum, mul(dot, scale)); }
  static Scale scale_u(I32 bytes, int i) { return and_(shr(bytes, 8 * i), set1_i32(255)); }
  static Scale scale_s(I32 bytes, int i) { return sar(shl(bytes, 24 - 8 * i), 24); }
  static I32 pair_u(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(0, -128, 1, -128, 4, -128, 5, -128, 8, -128, 9, -128, 12, -128, 13, -128);
    return pick(bytes, each, 2 * i * 0x00010001);
  }
  static I32 pair_s(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(-128, 0, -128, 1, -128, 4, -128, 5, -128, 8, -128, 9, -128, 12, -128, 13);
    return _mm512_srai_epi16(pick(bytes, each, 2 * i * 0x01000100), 8);
  }

 protected:
  /// Bytes of each quarter by index, those of index -128 being 0; `more` is added to the indices of a lane.
  static I32 pick(I32 bytes, __m128i index, int more) {
    return _mm512_shuffle_epi8(bytes, add(_mm512_broadcast_i32x4(index), set1_i32(more)));
  }
};

}  // namespace
}  // namespace realizar::kernels
