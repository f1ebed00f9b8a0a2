// WebAssembly SIMD with multiply-adds that are rounded once, made of f64: the bits of all other sets.
#include "kernels/kernel_tables.hpp"
#include "kernels/wasm_unfused.hpp"

namespace realizar::kernels {
namespace {

struct Wasm : WasmUnfused {
  static F32 fma(F32 a, F32 b, F32 c) {
    const Doubles sums{sum(low(a), low(b), low(c)), sum(high(a), high(b), high(c))};
    const v128_t result = narrow(sums);
    if (__builtin_expect(wasm_v128_any_true(rounded_twice(sums, result)), false)) return fma_by_odd(a, b, c);
    return {result};
  }
  static F32 fnma(F32 a, F32 b, F32 c) { return fma({wasm_f32x4_neg(a.v)}, b, c); }

 private:
  struct Doubles {
    v128_t low, high;  // two f64 each
  };

  static v128_t low(F32 a) { return wasm_f64x2_promote_low_f32x4(a.v); }
  static v128_t high(F32 a) { return wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(a.v, a.v, 2, 3, 2, 3)); }
  /// In f64 the product of two f32 is exact; the sum is rounded.
  static v128_t sum(v128_t a, v128_t b, v128_t c) { return wasm_f64x2_add(wasm_f64x2_mul(a, b), c); }
  static v128_t narrow(const Doubles& a) {
    return wasm_i32x4_shuffle(wasm_f32x4_demote_f64x2_zero(a.low), wasm_f32x4_demote_f64x2_zero(a.high), 0, 1,
                              4, 5);
  }
  /// Where rounding to f64 and then to f32 might differ from rounding once: half way between two f32, that is
  /// with 1000... as the 29 bits that narrowing drops, or denormal, where it drops others.
  static v128_t rounded_twice(const Doubles& sums, v128_t result) {
    const v128_t low_words = wasm_i32x4_shuffle(sums.low, sums.high, 0, 2, 4, 6);
    const v128_t half_way = wasm_i32x4_eq(wasm_v128_and(low_words, wasm_i32x4_const_splat(0x1fffffff)),
                                          wasm_i32x4_const_splat(0x10000000));
    const v128_t magnitude = wasm_v128_and(result, wasm_i32x4_const_splat(0x7fffffff));
    // 0 wraps to the largest: a sum that narrows to 0 was exact.
    const v128_t denormal = wasm_u32x4_lt(wasm_i32x4_sub(magnitude, wasm_i32x4_const_splat(1)),
                                          wasm_i32x4_const_splat(0x007fffff));
    return wasm_v128_or(half_way, denormal);
  }
  /// The sum rounded to odd, which a second rounding cannot tell from the sum itself (Boldo and Melquiond
  /// 2008).
  static v128_t odd_sum(v128_t a, v128_t b, v128_t c) {
    const v128_t product = wasm_f64x2_mul(a, b), sum = wasm_f64x2_add(product, c);
    // The error of the sum (Knuth's TwoSum).
    const v128_t of_c = wasm_f64x2_sub(sum, product);
    const v128_t error =
        wasm_f64x2_add(wasm_f64x2_sub(product, wasm_f64x2_sub(sum, of_c)), wasm_f64x2_sub(c, of_c));
    const v128_t zero = wasm_f64x2_const_splat(0), one = wasm_i64x2_const_splat(1);
    // A neighbour of an even sum is odd: the one on the side of the error. Infinities and NaN stay, whose
    // errors are NaN.
    const v128_t inexact = wasm_v128_or(wasm_f64x2_gt(error, zero), wasm_f64x2_lt(error, zero));
    const v128_t is_even = wasm_i64x2_eq(wasm_v128_and(sum, one), wasm_i64x2_const_splat(0));
    const v128_t step = wasm_v128_or(wasm_i64x2_shr(wasm_v128_xor(sum, error), 63), one);  // -1 towards 0
    return wasm_i64x2_add(sum, wasm_v128_and(step, wasm_v128_and(inexact, is_even)));
  }
  [[gnu::noinline]] static F32 fma_by_odd(F32 a, F32 b, F32 c) {
    return {narrow({odd_sum(low(a), low(b), low(c)), odd_sum(high(a), high(b), high(c))})};
  }
};

}  // namespace

const KernelTable& wasm_kernels() {
  static constexpr KernelTable table = generic::kernel_table<Wasm>();
  return table;
}

}  // namespace realizar::kernels
