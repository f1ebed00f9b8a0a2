#pragma once

#include <cstdint>

#include "kernels/half.hpp"
#include "kernels/tensor_type.hpp"

// What every block format has in common. A format is a struct that says how its weights come about and that
// unpacks a block of the file:
//
//   value[k] = d * scale[k / group] * weight(code[k]) - dmin * min[k / group]
//
// with integer scales, mins and weights, and d per block (per 16 weights in NVFP4).
namespace realizar::kernels {

/// How the weight follows from the raw code.
enum class Codes {
  identity,  // weight = raw
  offset,    // weight = raw - F::offset
  table,     // weight = F::table[raw], sixteen entries
  grid,      // raw is the byte of the signed weight; the file has an index into a grid, and signs
  int16,     // two bytes, a signed weight; no file has it
};

/// How d is stored.
enum class ScaleType { f16, bf16, e8m0, ue4m3 };

/// What a format has unless it says otherwise.
struct FormatDefaults {
  static constexpr int offset = 0;
  static constexpr int scale_bits = 0;    // of the integer scale as stored in UnpackedBlock; 0: there is none
  static constexpr int scale_offset = 0;  // scale = stored - scale_offset
  static constexpr bool scale_signed = false;  // the stored byte is an int8
  static constexpr bool has_min = false;
  static constexpr ScaleType scale_type = ScaleType::f16;
  static constexpr float d_factor = 1;  // a power of two, to be multiplied with the d of the file
};

/// Where a block of the file has bits of its codes: bytes from `at` on in runs, the low `bits` bits of the
/// first `run` bytes being those of the first `run` codes, the next bits of the same bytes of the next `run`
/// codes, and so on. They are bits [to, to + bits) of a code.
struct CodeFields {
  int at, bits, run, to = 0;
};

/// One block of the file, in the order of k.
template <class F>
struct UnpackedBlock {
  uint16_t d_bits[F::block / F::d_span];  // d as stored: an f16, or one byte of e8m0 or ue4m3
  uint16_t dmin_bits;                     // an f16; of Q4_1 and Q5_1, which add m, the f16 of -m
  uint8_t scale[F::block / F::group];     // as stored; 1 where the format has none
  uint8_t min[F::block / F::group];       // 0 where the format has none
  uint8_t code[F::block];                 // unsigned, 0 ... 2^code_bits - 1
};

/// The integer weight of a raw code.
template <class F>
[[gnu::always_inline]] constexpr int weight(uint8_t raw) {
  if constexpr (F::codes == Codes::table)
    return F::table[raw];
  else if constexpr (F::codes == Codes::grid)
    return static_cast<int8_t>(raw);
  else
    return raw - F::offset;
}

/// The integer scale of a stored one.
template <class F>
[[gnu::always_inline]] constexpr int scale_value(uint8_t stored) {
  if constexpr (F::scale_signed)
    return static_cast<int8_t>(stored);
  else
    return stored - F::scale_offset;
}

/// d, with the format's factor, from the bits stored.
template <class F>
[[gnu::always_inline]] constexpr float d_value(uint16_t bits) {
  if constexpr (F::scale_type == ScaleType::e8m0)
    return e8m0_half_to_f32(static_cast<uint8_t>(bits)) * F::d_factor;
  else if constexpr (F::scale_type == ScaleType::ue4m3)
    return ue4m3_half_to_f32(static_cast<uint8_t>(bits)) * F::d_factor;
  else
    return f16_to_f32(bits) * F::d_factor;
}

}  // namespace realizar::kernels
