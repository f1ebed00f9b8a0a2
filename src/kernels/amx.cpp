// AMX with int8 tiles: products of many tokens; all else is AVX-512's.
#include "kernels/avx512.hpp"
#include "kernels/generic/tile_products.hpp"
#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {
namespace {

struct Amx : Avx512 {
  static const KernelTable& without_tiles() { return avx512_kernels(); }
  static void configure_tiles(const generic::TileConfig& config) { _tile_loadconfig(&config); }
  static void release_tiles() { _tile_release(); }
  // In assembly, since GCC's intrinsics take only literal numbers of tiles.
  template <int tile>
  static void zero_tile() {
    asm volatile("tilezero %%tmm%c0" : : "n"(tile));
  }
  template <int tile>
  static void load_tile(const void* from, int64_t stride) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "n"(tile), "r"(from), "r"(stride) : "memory");
  }
  template <int tile>
  static void store_tile(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "n"(tile), "r"(to), "r"(stride) : "memory");
  }
  template <int sum, int a, int b, bool unsigned_b>
  static void dot_tiles() {
    if constexpr (unsigned_b)
      asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "n"(sum), "n"(a), "n"(b));
    else
      asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "n"(sum), "n"(a), "n"(b));
  }

  static void store_bytes(void* p, I32 a) { _mm512_store_si512(p, a); }
  static I32 sub_bytes(I32 a, I32 b) { return _mm512_sub_epi8(a, b); }
  static I32 mul_words(I32 a, I32 b) { return _mm512_mullo_epi16(a, b); }
  static I32 low_words(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(0, -128, 0, -128, 4, -128, 4, -128, 8, -128, 8, -128, 12, -128, 12, -128);
    return pick(bytes, each, i * 0x00010001);
  }
  static I32 high_words(I32 bytes, int i) {
    const __m128i each =
        _mm_setr_epi8(-128, 0, -128, 0, -128, 4, -128, 4, -128, 8, -128, 8, -128, 12, -128, 12);
    return pick(bytes, each, i * 0x01000100);
  }

  /// Products of the bytes of a lane: of the first and third, and of the second and fourth, as int16.
  struct ByteProducts {
    I32 even, odd;
    I32 low_bytes() const { return bytes(even, _mm512_slli_epi16(odd, 8)); }
    I32 high_bytes() const { return bytes(_mm512_srli_epi16(even, 8), odd); }

   private:
    /// The low byte of each int16 of a, the high byte of b.
    static I32 bytes(I32 a, I32 b) { return _mm512_mask_blend_epi8(0xaaaaaaaaaaaaaaaa, a, b); }
  };
  static ByteProducts mul_bytes(I32 bytes, I32 high_words) {
    // (256 a) * (256 b) / 65536
    return {_mm512_mulhi_epi16(_mm512_slli_epi16(bytes, 8), high_words),
            _mm512_mulhi_epi16(and_(bytes, set1_i32(INT32_C(-0x00ff0100))), high_words)};
  }
};

}  // namespace

const KernelTable& amx_kernels() {
  static const KernelTable table = generic::with_tile_products<Amx>(avx512_kernels());
  return table;
}

}  // namespace realizar::kernels
