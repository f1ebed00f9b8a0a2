#pragma once

#include <cstdint>

#include "kernels/formats/blocks32.hpp"
#include "kernels/formats/format.hpp"

// Formats of super-blocks of 256 weights whose codes stand in the file, most with integer scales per group.
namespace realizar::kernels {

struct Block256 : FormatDefaults {
  static constexpr int block = 256, d_span = 256;
};

/// Formats whose codes stand in runs, which packing reads by itself: they say where (`code_fields`), and
/// unpack what else a block has (`unpack_scales`).
template <class F>
struct RunsOfCodes : Block256 {
  static void unpack(const uint8_t* file, UnpackedBlock<F>& out);
};

struct Q2_K : RunsOfCodes<Q2_K> {
  static constexpr TensorType type = TensorType::q2_k;
  static constexpr int bytes = 84, group = 16, code_bits = 2, scale_bits = 4;
  static constexpr Codes codes = Codes::identity;
  static constexpr bool has_min = true;
  static constexpr CodeFields code_fields[] = {{16, 2, 32}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<Q2_K>& out);
};

struct Q3_K : RunsOfCodes<Q3_K> {
  static constexpr TensorType type = TensorType::q3_k;
  static constexpr int bytes = 110, group = 16, code_bits = 3, offset = 4, scale_bits = 6, scale_offset = 32;
  static constexpr Codes codes = Codes::offset;
  static constexpr CodeFields code_fields[] = {{32, 2, 32}, {0, 1, 32, 2}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<Q3_K>& out);
};

struct Q4_K : RunsOfCodes<Q4_K> {
  static constexpr TensorType type = TensorType::q4_k;
  static constexpr int bytes = 144, group = 32, code_bits = 4, scale_bits = 6;
  static constexpr Codes codes = Codes::identity;
  static constexpr bool has_min = true;
  static constexpr CodeFields code_fields[] = {{16, 4, 32}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<Q4_K>& out);
};

struct Q5_K : RunsOfCodes<Q5_K> {
  static constexpr TensorType type = TensorType::q5_k;
  static constexpr int bytes = 176, group = 32, code_bits = 5, scale_bits = 6;
  static constexpr Codes codes = Codes::identity;
  static constexpr bool has_min = true;
  static constexpr CodeFields code_fields[] = {{48, 4, 32}, {16, 1, 32, 4}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<Q5_K>& out);
};

struct Q6_K : RunsOfCodes<Q6_K> {
  static constexpr TensorType type = TensorType::q6_k;
  static constexpr int bytes = 210, group = 16, code_bits = 6, offset = 32, scale_bits = 8;
  static constexpr Codes codes = Codes::offset;
  static constexpr bool scale_signed = true;
  static constexpr CodeFields code_fields[] = {{0, 4, 64}, {128, 2, 32, 4}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<Q6_K>& out);
};

/// The levels of IQ4_NL.
struct IQ4_XS : RunsOfCodes<IQ4_XS> {
  static constexpr TensorType type = TensorType::iq4_xs;
  static constexpr int bytes = 136, group = 32, code_bits = 4, scale_bits = 6, scale_offset = 32;
  static constexpr Codes codes = Codes::table;
  static constexpr const int8_t (&table)[16] = IQ4_NL::table;
  static constexpr CodeFields code_fields[] = {{8, 4, 16}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<IQ4_XS>& out);
};

/// Ternary weights, five to a byte in base 3.
struct TQ1_0 : Block256 {
  static constexpr TensorType type = TensorType::tq1_0;
  static constexpr int bytes = 54, group = 256, code_bits = 2, offset = 1;
  static constexpr Codes codes = Codes::offset;
  static void unpack(const uint8_t* file, UnpackedBlock<TQ1_0>& out);
};

/// Ternary weights in two bits each; the fourth code is the weight 2.
struct TQ2_0 : RunsOfCodes<TQ2_0> {
  static constexpr TensorType type = TensorType::tq2_0;
  static constexpr int bytes = 66, group = 256, code_bits = 2, offset = 1;
  static constexpr Codes codes = Codes::offset;
  static constexpr CodeFields code_fields[] = {{0, 2, 32}};
  static void unpack_scales(const uint8_t* file, UnpackedBlock<TQ2_0>& out);
};

}  // namespace realizar::kernels
