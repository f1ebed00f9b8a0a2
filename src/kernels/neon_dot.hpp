#pragma once

// The dot products of ARMv8.2: NEON whose sums of products of bytes have 32 bits.
#include "kernels/neon.hpp"

namespace realizar::kernels {
namespace {

struct NeonDot : Neon {
  using Dot = int32x4_t;

  static constexpr int depth(int) { return chunk_groups; }
  static Dot no_dot() { return vdupq_n_s32(0); }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) { return dot_s(dot, w, x); }
  static Dot dot_s(Dot dot, I32 w, const int8_t* x) {
    return vdotq_s32(dot, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(broadcast4(x)));
  }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, dot); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return vmlaq_s32(sum, dot, scale); }
};

}  // namespace
}  // namespace realizar::kernels
