#pragma once

// AVX2, FMA and F16C: 8 lanes; sums of products of bytes in 16 bits. In an unnamed namespace: each set that
// builds on it has a copy of its own, compiled with its flags.
#include <immintrin.h>

#include "kernels/generic/table.hpp"

namespace realizar::kernels {
namespace {

struct Avx2 {
  static constexpr int width = 8;
  static constexpr int registers = 16;
  static constexpr bool signed_dot = true;
  static constexpr int queries = 6;
  static constexpr int strips = 2, row_strips = 2, row_panels = 1;
  using F32 = __m256;
  using I32 = __m256i;
  struct Dot {
    __m256i sums;  // two int16 a lane
  };
  struct Scale {
    __m256i pairs;  // the scale twice as int16
  };

  static F32 load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, F32 a) { _mm256_storeu_ps(p, a); }
  static F32 set1(float x) { return _mm256_set1_ps(x); }
  static F32 add(F32 a, F32 b) { return _mm256_add_ps(a, b); }
  static F32 sub(F32 a, F32 b) { return _mm256_sub_ps(a, b); }
  static F32 mul(F32 a, F32 b) { return _mm256_mul_ps(a, b); }
  static F32 div(F32 a, F32 b) { return _mm256_div_ps(a, b); }
  static F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
  static F32 fnma(F32 a, F32 b, F32 c) { return _mm256_fnmadd_ps(a, b, c); }
  static F32 min(F32 a, F32 b) { return _mm256_min_ps(a, b); }
  static F32 max(F32 a, F32 b) { return _mm256_max_ps(a, b); }
  static F32 less(F32 a, F32 b, F32 x, F32 y) {
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }
  static F32 keep_nan(F32 x, F32 y) { return _mm256_blendv_ps(y, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q)); }
  static F32 load_f16(const uint16_t* p) { return _mm256_cvtph_ps(load_128(p)); }
  static F32 load_bf16(const uint16_t* p) { return from_bits(shl(_mm256_cvtepu16_epi32(load_128(p)), 16)); }
  static F32 gather(const float* table, I32 index) { return _mm256_i32gather_ps(table, index, 4); }
  static float first(F32 a) { return _mm256_cvtss_f32(a); }
  template <int n>
  static F32 from_lane(F32 a) {
    if constexpr (n == 4) return _mm256_permute2f128_ps(a, a, 1);
    if constexpr (n == 2) return _mm256_permute_ps(a, 0b1110);
    if constexpr (n == 1) return _mm256_permute_ps(a, 1);
  }

  static I32 load_bytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static I32 load_u8(const uint8_t* p) { return _mm256_cvtepu8_epi32(load_64(p)); }
  static I32 load_i8(const uint8_t* p) { return _mm256_cvtepi8_epi32(load_64(p)); }
  static void store_i8(int8_t* p, I32 a) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words(a), words(a)));
  }
  static void store_i16(int16_t* p, I32 a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), words(a)); }
  static I32 max(I32 a, I32 b) { return _mm256_max_epi32(a, b); }
  static void store_i32(int32_t* p, I32 a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a); }
  static int32_t largest(I32 a) {
    const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
  static void sum_pairs(I32 a, int16_t* out) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b10110001));
    out[0] = static_cast<int16_t>(_mm_cvtsi128_si32(two));
    out[1] = static_cast<int16_t>(_mm_extract_epi32(two, 2));
  }
  static I32 set1_i32(int32_t x) { return _mm256_set1_epi32(x); }
  static I32 add(I32 a, I32 b) { return _mm256_add_epi32(a, b); }
  static I32 sub(I32 a, I32 b) { return _mm256_sub_epi32(a, b); }
  static I32 mul(I32 a, I32 b) { return _mm256_mullo_epi32(a, b); }
  static I32 and_(I32 a, I32 b) { return _mm256_and_si256(a, b); }
  static I32 or_(I32 a, I32 b) { return _mm256_or_si256(a, b); }
  static I32 xor_(I32 a, I32 b) { return _mm256_xor_si256(a, b); }
  static I32 shl(I32 a, int n) { return _mm256_slli_epi32(a, n); }
  static I32 shr(I32 a, int n) { return _mm256_srli_epi32(a, n); }
  static I32 sar(I32 a, int n) { return _mm256_srai_epi32(a, n); }
  static F32 to_float(I32 a) { return _mm256_cvtepi32_ps(a); }
  static I32 round(F32 a) { return _mm256_cvtps_epi32(a); }
  static I32 bits(F32 a) { return _mm256_castps_si256(a); }
  static F32 from_bits(I32 a) { return _mm256_castsi256_ps(a); }
  static I32 lookup16(I32 bytes, const uint8_t* table) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load_128(table)), bytes);
  }

  static I32 broadcast4(const void* p) {
    int32_t word;
    std::memcpy(&word, p, 4);
    return _mm256_set1_epi32(word);
  }
  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    return add(sum, _mm256_madd_epi16(pairs, broadcast4(x)));
  }

  template <class T>
  static T in_register(T a) {
    asm("" : "+x"(a));
    return a;
  }

  // Each int16 takes two products a step and saturates silently.
  static constexpr int depth(int max_product) { return smaller_power(32767 / (max_product * 2)); }
  static Dot in_register(Dot dot) { return {in_register(dot.sums)}; }
  static Dot no_dot() { return {_mm256_setzero_si256()}; }
  static Dot minus_dot(int16_t factor, const int16_t* x) {
    return {_mm256_mullo_epi16(broadcast4(x), _mm256_set1_epi16(static_cast<int16_t>(-factor)))};
  }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) {
    return {_mm256_add_epi16(dot.sums, _mm256_maddubs_epi16(w, broadcast4(x)))};
  }
  static Dot dot_s(Dot dot, I32 w, const int8_t* x) {
    return {_mm256_add_epi16(dot.sums,
                             _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(broadcast4(x), w)))};
  }
  static I32 add_dot(I32 sum, Dot dot) { return add_scaled(sum, dot, {_mm256_set1_epi16(1)}); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) {
    return add(sum, _mm256_madd_epi16(dot.sums, scale.pairs));
  }
  static Scale scale_u(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(0, -128, 0, -128, 4, -128, 4, -128, 8, -128, 8, -128, 12, -128, 12, -128);
    return {pick(bytes, each, i * 0x00010001)};
  }
  static Scale scale_s(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(-128, 0, -128, 0, -128, 4, -128, 4, -128, 8, -128, 8, -128, 12, -128, 12);
    return {_mm256_srai_epi16(pick(bytes, each, i * 0x01000100), 8)};
  }
  static I32 pair_u(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(0, -128, 1, -128, 4, -128, 5, -128, 8, -128, 9, -128, 12, -128, 13, -128);
    return pick(bytes, each, 2 * i * 0x00010001);
  }
  static I32 pair_s(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(-128, 0, -128, 1, -128, 4, -128, 5, -128, 8, -128, 9, -128, 12, -128, 13);
    return _mm256_srai_epi16(pick(bytes, each, 2 * i * 0x01000100), 8);
  }

 protected:
  /// Bytes of each half by index, those of index -128 being 0; `more` is added to the indices of a lane.
  static I32 pick(I32 bytes, __m128i index, int more) {
    return _mm256_shuffle_epi8(bytes, add(_mm256_broadcastsi128_si256(index), set1_i32(more)));
  }
  static __m128i words(I32 a) {
    return _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  }
  static __m128i load_128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static __m128i load_64(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
  /// The power of two at or below n, chunk_groups at most.
  static constexpr int smaller_power(int n) {
    int power = chunk_groups;
    while (power > n) power /= 2;
    return power;
  }
};

}  // namespace
}  // namespace realizar::kernels
