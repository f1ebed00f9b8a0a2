#pragma once

#include <bit>
#include <cstdint>

#include "base/bit_cast.hpp"

// Conversions of the small float formats to and from f32, in integer arithmetic, so that they give the same
// bits on every machine. They are always inlined: a copy kept by a file compiled for a newer instruction set
// must not be the one that the linker hands to the rest of the program.
namespace realizar::kernels {

/// IEEE binary16. Exact; a signalling NaN becomes quiet.
[[gnu::always_inline]] constexpr float f16_to_f32(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f) {
    const uint32_t quiet = mantissa == 0 ? 0 : 0x400000;
    return bit_cast<float>(sign | 0x7f800000 | quiet | mantissa << 13);
  }
  if (exponent != 0) return bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  if (mantissa == 0) return bit_cast<float>(sign);
  // A denormal is mantissa * 2^-24: shift its leading one to the place of the implied one.
  const auto shift = static_cast<uint32_t>(std::countl_zero(mantissa) - 21);
  return bit_cast<float>(sign | (113 - shift) << 23 | (mantissa << shift & 0x3ff) << 13);
}

/// Rounds to nearest, ties to even; beyond the range to infinity; NaN stays NaN, quiet.
[[gnu::always_inline]] constexpr uint16_t f32_to_f16(float value) {
  const auto bits = bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x47800000) return static_cast<uint16_t>(sign | 0x7c00);  // 65536 and above
  // Drops `shift` low bits of `significand`, to nearest even. A carry out of the mantissa runs into the
  // exponent, which is what rounding up to the next power of two (or to infinity) needs.
  uint32_t significand = magnitude - 0x38000000;  // rebias the exponent from 127 to 15
  uint32_t shift = 13;
  if (magnitude < 0x38800000) {  // below 2^-14, a denormal in f16
    const uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return static_cast<uint16_t>(sign);  // below 2^-25, half the smallest denormal
    significand = (magnitude & 0x7fffff) | 0x800000;
    shift = 126 - exponent;
  }
  const uint32_t kept = significand >> shift;
  const uint32_t half_way = 1u << (shift - 1);
  const uint32_t dropped = significand & ((1u << shift) - 1);
  const uint32_t up = dropped > half_way || (dropped == half_way && (kept & 1) != 0) ? 1 : 0;
  return static_cast<uint16_t>(sign | (kept + up));
}

/// bfloat16: the upper half of an f32.
[[gnu::always_inline]] constexpr float bf16_to_f32(uint16_t upper) {
  return bit_cast<float>(static_cast<uint32_t>(upper) << 16);
}

/// Rounds to nearest, ties to even; NaN stays NaN, quiet.
[[gnu::always_inline]] constexpr uint16_t f32_to_bf16(float value) {
  const auto bits = bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Half of an E8M0 scale (OCP Microscaling 1.0), 2^(bits - 128): the MXFP4 weights are stored doubled. 255, a
/// NaN in the specification, is 2^127 as in ggml.
[[gnu::always_inline]] constexpr float e8m0_half_to_f32(uint8_t bits) {
  return bit_cast<float>(bits < 2 ? 0x00200000u << bits : static_cast<uint32_t>(bits - 1) << 23);
}

/// Half of an unsigned E4M3 scale (bias 7, no infinities) as NVFP4 has it. The sign bit is ignored and 0x7f,
/// a NaN in the specification, is 0, both as in ggml.
[[gnu::always_inline]] constexpr float ue4m3_half_to_f32(uint8_t bits) {
  const uint32_t exponent = bits >> 3 & 0xf;
  const uint32_t mantissa = bits & 7;
  if (bits == 0x7f) return 0;
  if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
  return bit_cast<float>((exponent + 119) << 23 | mantissa << 20);
}

}  // namespace realizar::kernels
