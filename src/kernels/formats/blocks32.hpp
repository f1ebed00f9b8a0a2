#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"

// Formats of blocks of 32 weights (NVFP4: four spans of 16) under one scale.
namespace realizar::kernels {

struct Block32 : FormatDefaults {
  static constexpr int block = 32, d_span = 32, group = 32;
};

struct Q4_0 : Block32 {
  static constexpr TensorType type = TensorType::q4_0;
  static constexpr int bytes = 18, code_bits = 4, offset = 8;
  static constexpr Codes codes = Codes::offset;
  static void unpack(const uint8_t* file, UnpackedBlock<Q4_0>& out);
};

struct Q4_1 : Block32 {
  static constexpr TensorType type = TensorType::q4_1;
  static constexpr int bytes = 20, code_bits = 4;
  static constexpr Codes codes = Codes::identity;
  static constexpr bool has_min = true;
  static void unpack(const uint8_t* file, UnpackedBlock<Q4_1>& out);
};

struct Q5_0 : Block32 {
  static constexpr TensorType type = TensorType::q5_0;
  static constexpr int bytes = 22, code_bits = 5, offset = 16;
  static constexpr Codes codes = Codes::offset;
  static void unpack(const uint8_t* file, UnpackedBlock<Q5_0>& out);
};

struct Q5_1 : Block32 {
  static constexpr TensorType type = TensorType::q5_1;
  static constexpr int bytes = 24, code_bits = 5;
  static constexpr Codes codes = Codes::identity;
  static constexpr bool has_min = true;
  static void unpack(const uint8_t* file, UnpackedBlock<Q5_1>& out);
};

/// The file has int8 weights; the raw code is their byte with the top bit flipped.
struct Q8_0 : Block32 {
  static constexpr TensorType type = TensorType::q8_0;
  static constexpr int bytes = 34, code_bits = 8, offset = 128;
  static constexpr Codes codes = Codes::offset;
  static void unpack(const uint8_t* file, UnpackedBlock<Q8_0>& out);
};

/// Non-linear levels, denser about zero.
struct IQ4_NL : Block32 {
  static constexpr TensorType type = TensorType::iq4_nl;
  static constexpr int bytes = 18, code_bits = 4;
  static constexpr Codes codes = Codes::table;
  static constexpr int8_t table[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113};
  static void unpack(const uint8_t* file, UnpackedBlock<IQ4_NL>& out);
};

/// OCP Microscaling 1.0: E2M1 weights, doubled to be integers, under a power of two.
struct MXFP4 : Block32 {
  static constexpr TensorType type = TensorType::mxfp4;
  static constexpr int bytes = 17, code_bits = 4;
  static constexpr Codes codes = Codes::table;
  static constexpr int8_t table[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  static constexpr ScaleType scale_type = ScaleType::e8m0;
  static void unpack(const uint8_t* file, UnpackedBlock<MXFP4>& out);
};

/// E2M1 weights as in MXFP4, under an E4M3 scale for each 16 of them.
struct NVFP4 : FormatDefaults {
  static constexpr TensorType type = TensorType::nvfp4;
  static constexpr int block = 64, bytes = 36, d_span = 16, group = 16, code_bits = 4;
  static constexpr Codes codes = Codes::table;
  static constexpr const int8_t (&table)[16] = MXFP4::table;
  static constexpr ScaleType scale_type = ScaleType::ue4m3;
  static void unpack(const uint8_t* file, UnpackedBlock<NVFP4>& out);
};

}  // namespace realizar::kernels
