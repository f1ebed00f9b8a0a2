#include "kernels/formats/blocks256.hpp"

#include <cstring>

#include "kernels/formats/bits.hpp"

namespace realizar::kernels {
namespace {

/// The 12 bytes of eight 6-bit scales and mins of Q4_K and Q5_K: scales 0-3 and mins 0-3 in the low six bits
/// of the first eight bytes, the others in the nibbles of the last four with their upper two bits on top of
/// the first eight.
template <class F>
void unpack_scales_and_mins(const uint8_t* packed, UnpackedBlock<F>& out) {
  constexpr uint32_t six = 0x3f3f3f3f, nibble = 0x0f0f0f0f, upper = 0x30303030;  // four at a time
  uint32_t word[3];
  std::memcpy(word, packed, sizeof(word));
  const uint32_t scales[2] = {word[0] & six, (word[2] & nibble) | (word[0] >> 2 & upper)};
  const uint32_t mins[2] = {word[1] & six, (word[2] >> 4 & nibble) | (word[1] >> 2 & upper)};
  std::memcpy(out.scale, scales, sizeof(scales));
  std::memcpy(out.min, mins, sizeof(mins));
}

/// `count` bytes of `digits` base-3 digits each; the byte is the number times 256 / 3^5, rounded up, so that
/// the first digit is the integer part of byte * 3 / 256. The first digits of all bytes come first.
uint8_t* unpack_ternary(const uint8_t* bytes, int count, int digits, uint8_t* out) {
  uint32_t power = 1;
  for (int digit = 0; digit < digits; ++digit, power *= 3)
    for (int i = 0; i < count; ++i) *out++ = static_cast<uint8_t>((bytes[i] * power & 0xff) * 3 >> 8);
  return out;
}

}  // namespace

template <class F>
void RunsOfCodes<F>::unpack(const uint8_t* file, UnpackedBlock<F>& out) {
  F::unpack_scales(file, out);
  put_codes<F>(file, out.code);
}
template struct RunsOfCodes<Q2_K>;
template struct RunsOfCodes<Q3_K>;
template struct RunsOfCodes<Q4_K>;
template struct RunsOfCodes<Q5_K>;
template struct RunsOfCodes<Q6_K>;
template struct RunsOfCodes<IQ4_XS>;
template struct RunsOfCodes<TQ2_0>;

// 16 bytes: scale in the low nibble, min in the high | 64 bytes of codes | d f16 | dmin f16
void Q2_K::unpack_scales(const uint8_t* file, UnpackedBlock<Q2_K>& out) {
  clear(out);
  for (int i = 0; i < block / group; ++i) {
    out.scale[i] = file[i] & 15;
    out.min[i] = file[i] >> 4;
  }
  out.d_bits[0] = read_u16(file + 80);
  out.dmin_bits = read_u16(file + 82);
}

// 32 bytes of third bits | 64 bytes of low bits | 12 bytes of scales: 8 of nibbles, 4 of upper bits | d f16
void Q3_K::unpack_scales(const uint8_t* file, UnpackedBlock<Q3_K>& out) {
  clear(out);
  put_fields<4, 8, 8>(file + 96, out.scale);
  put_fields<2, 4, 4, 4>(file + 104, out.scale);
  out.d_bits[0] = read_u16(file + 108);
}

// d f16 | dmin f16 | 12 bytes of scales and mins | 128 bytes of nibbles
void Q4_K::unpack_scales(const uint8_t* file, UnpackedBlock<Q4_K>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  out.dmin_bits = read_u16(file + 2);
  unpack_scales_and_mins(file + 4, out);
}

// d f16 | dmin f16 | 12 bytes of scales and mins | 32 bytes of fifth bits | 128 bytes of nibbles
void Q5_K::unpack_scales(const uint8_t* file, UnpackedBlock<Q5_K>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  out.dmin_bits = read_u16(file + 2);
  unpack_scales_and_mins(file + 4, out);
}

// 128 bytes of nibbles | 64 bytes of upper bits | 16 int8 scales | d f16
void Q6_K::unpack_scales(const uint8_t* file, UnpackedBlock<Q6_K>& out) {
  clear(out);
  for (int i = 0; i < block / group; ++i) out.scale[i] = file[192 + i];
  out.d_bits[0] = read_u16(file + 208);
}

// d f16 | 2 bytes of upper scale bits | 4 bytes of scale nibbles | 128 bytes of nibbles
void IQ4_XS::unpack_scales(const uint8_t* file, UnpackedBlock<IQ4_XS>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  put_fields<4, 4, 1>(file + 4, out.scale);
  put_fields<2, 2, 1, 4>(file + 2, out.scale);
}

// 32 and 16 bytes of five digits | 4 bytes of four | d f16
void TQ1_0::unpack(const uint8_t* file, UnpackedBlock<TQ1_0>& out) {
  clear(out);
  uint8_t* code = unpack_ternary(file, 32, 5, out.code);
  code = unpack_ternary(file + 32, 16, 5, code);
  unpack_ternary(file + 48, 4, 4, code);
  out.d_bits[0] = read_u16(file + 52);
}

// 64 bytes of codes | d f16
void TQ2_0::unpack_scales(const uint8_t* file, UnpackedBlock<TQ2_0>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file + 64);
}

}  // namespace realizar::kernels
