// Int8 matrix products of ARMv8.6: an instruction multiplies two rows with two tokens, so many tokens are
// taken in pairs; one alone is done as by dot products.
#include "kernels/kernel_tables.hpp"
#include "kernels/neon_dot.hpp"

namespace realizar::kernels {
namespace {

struct NeonI8mm : NeonDot {
  struct PairDot {
    int32x4_t low, high;  // of two rows each: (row, token)
  };

  static void interleave(I32& first, I32& second) {
    const I32 low = vzip1q_s32(first, second);
    second = vzip2q_s32(first, second);
    first = low;
  }
  static PairDot no_pair_dot() { return {vdupq_n_s32(0), vdupq_n_s32(0)}; }
  static PairDot dot_pair(PairDot dot, I32 low, I32 high, const int8_t* x, const int8_t* y) {
    const int8x16_t columns = vcombine_s8(vld1_s8(x), vld1_s8(y));
    return {in_register(vmmlaq_s32(dot.low, vreinterpretq_s8_s32(low), columns)),
            in_register(vmmlaq_s32(dot.high, vreinterpretq_s8_s32(high), columns))};
  }
  static Dot first_of(PairDot dot) { return vuzp1q_s32(dot.low, dot.high); }
  static Dot second_of(PairDot dot) { return vuzp2q_s32(dot.low, dot.high); }
};

}  // namespace

const KernelTable& neon_i8mm_kernels() {
  static const KernelTable table = generic::with_fast_products<NeonI8mm>(neon_dot_kernels());
  return table;
}

}  // namespace realizar::kernels
