#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "kernels/formats/format.hpp"
#include "kernels/unrolled.hpp"

// The few ways in which block formats pack their fields; for the .cpp files of this folder.
namespace realizar::kernels {

/// Little-endian, at any address.
inline uint16_t read_u16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] | bytes[1] << 8); }
inline uint32_t read_u32(const uint8_t* bytes) {
  return read_u16(bytes) | static_cast<uint32_t>(read_u16(bytes + 2)) << 16;
}

/// Fields of `Bits` bits from `Count` bytes, put at bit `At` of the bytes of `out`: those at bit 0 come
/// first, the others are added. The file has them in runs: the low bits of `Run` bytes are the first `Run`
/// fields, the next bits of the same bytes the next `Run` fields, and so on. Constants, so that the loop over
/// a run becomes vector instructions.
template <int Bits, int Count, int Run, int At = 0>
void put_fields(const uint8_t* __restrict bytes, uint8_t* __restrict out) {
  constexpr uint8_t mask = (1u << Bits) - 1;
  for (int start = 0; start < Count; start += Run)
    for (int shift = 0; shift < 8; shift += Bits, out += Run)
      for (int i = 0; i < Run; ++i) {
        const auto field =
            static_cast<uint8_t>((static_cast<uint8_t>(bytes[start + i] >> shift) & mask) << At);
        out[i] = At == 0 ? field : out[i] | field;
      }
}

/// All codes of a block, from where the format says that they stand.
template <class F>
void put_codes(const uint8_t* file, uint8_t* out) {
  unrolled<std::size(F::code_fields)>([&](auto i) {
    constexpr CodeFields fields = F::code_fields[i];
    put_fields<fields.bits, F::block * fields.bits / 8, fields.run, fields.to>(file + fields.at, out);
  });
}

/// No d, no mins and every scale one: the state that an unpacking starts from. The codes it writes all.
template <class F>
void clear(UnpackedBlock<F>& block) {
  std::fill(std::begin(block.d_bits), std::end(block.d_bits), uint16_t{0});
  block.dmin_bits = 0;
  std::fill(std::begin(block.scale), std::end(block.scale), F::scale_bits == 0 ? uint8_t{1} : uint8_t{0});
  std::fill(std::begin(block.min), std::end(block.min), uint8_t{0});
}

}  // namespace realizar::kernels
