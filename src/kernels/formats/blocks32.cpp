#include "kernels/formats/blocks32.hpp"

#include "kernels/formats/bits.hpp"

namespace realizar::kernels {
namespace {

/// The f16 of -x.
uint16_t negated(uint16_t half) { return half ^ 0x8000; }

}  // namespace

// d f16 | 16 bytes of nibbles
void Q4_0::unpack(const uint8_t* file, UnpackedBlock<Q4_0>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  put_fields<4, 16, 16>(file + 2, out.code);
}

// d f16 | m f16 | 16 bytes of nibbles
void Q4_1::unpack(const uint8_t* file, UnpackedBlock<Q4_1>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  out.dmin_bits = negated(read_u16(file + 2));
  out.min[0] = 1;
  put_fields<4, 16, 16>(file + 4, out.code);
}

// d f16 | 4 bytes of fifth bits | 16 bytes of nibbles
void Q5_0::unpack(const uint8_t* file, UnpackedBlock<Q5_0>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  put_fields<4, 16, 16>(file + 6, out.code);
  put_fields<1, 4, 1, 4>(file + 2, out.code);
}

// d f16 | m f16 | 4 bytes of fifth bits | 16 bytes of nibbles
void Q5_1::unpack(const uint8_t* file, UnpackedBlock<Q5_1>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  out.dmin_bits = negated(read_u16(file + 2));
  out.min[0] = 1;
  put_fields<4, 16, 16>(file + 8, out.code);
  put_fields<1, 4, 1, 4>(file + 4, out.code);
}

// d f16 | 32 int8
void Q8_0::unpack(const uint8_t* file, UnpackedBlock<Q8_0>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  for (int k = 0; k < block; ++k) out.code[k] = file[2 + k] ^ 0x80;
}

// d f16 | 16 bytes of nibbles
void IQ4_NL::unpack(const uint8_t* file, UnpackedBlock<IQ4_NL>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  put_fields<4, 16, 16>(file + 2, out.code);
}

// d e8m0 | 16 bytes of nibbles
void MXFP4::unpack(const uint8_t* file, UnpackedBlock<MXFP4>& out) {
  clear(out);
  out.d_bits[0] = file[0];
  put_fields<4, 16, 16>(file + 1, out.code);
}

// 4 d ue4m3 | 4 times 8 bytes of nibbles
void NVFP4::unpack(const uint8_t* file, UnpackedBlock<NVFP4>& out) {
  clear(out);
  for (int i = 0; i < block / d_span; ++i) out.d_bits[i] = file[i];
  put_fields<4, 32, 8>(file + 4, out.code);
}

}  // namespace realizar::kernels
