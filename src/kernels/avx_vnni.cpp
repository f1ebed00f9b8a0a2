// AVX-VNNI: AVX2 whose sums of products of bytes have 32 bits.
#include "kernels/avx2.hpp"
#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {
namespace {

struct AvxVnni : Avx2 {
  static constexpr bool signed_dot = false;
  using Dot = __m256i;
  using Scale = __m256i;

  static constexpr int depth(int) { return chunk_groups; }
  static Dot no_dot() { return _mm256_setzero_si256(); }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) { return _mm256_dpbusd_avx_epi32(dot, w, broadcast4(x)); }
  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    return _mm256_dpwssd_avx_epi32(sum, pairs, broadcast4(x));
  }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, dot); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return add(sum, mul(dot, scale)); }
  static Scale scale_u(I32 bytes, int i) { return and_(shr(bytes, 8 * i), set1_i32(255)); }
  static Scale scale_s(I32 bytes, int i) { return sar(shl(bytes, 24 - 8 * i), 24); }
};

}  // namespace

const KernelTable& avx_vnni_kernels() {
  static const KernelTable table = generic::with_fast_products<AvxVnni>(avx2_kernels());
  return table;
}

}  // namespace realizar::kernels
