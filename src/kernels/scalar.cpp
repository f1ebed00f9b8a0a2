// Plain C++ with the vectors that compilers have for any processor: 16 lanes. What the other instruction sets
// are compared with.
#include "base/bit_cast.hpp"
#include "kernels/generic/table.hpp"

namespace realizar::kernels {
namespace {

/// What takes lane by lane is not inlined: sixteen calls or table look-ups for each use are code that
/// compilers take minutes for.
struct Scalar {
  static constexpr int width = 16;
  static constexpr int registers = 32;
  static constexpr bool signed_dot = true;
  static constexpr int queries = 4;
  static constexpr int strips = 1, row_strips = 1, row_panels = 1;
  using F32 = float __attribute__((vector_size(4 * width)));
  using I32 = int32_t __attribute__((vector_size(4 * width)));
  using Dot = I32;
  using Scale = I32;

  static F32 load(const float* p) { return read<F32>(p); }
  static void store(float* p, F32 a) { std::memcpy(p, &a, sizeof(a)); }
  static F32 set1(float x) { return x - F32{}; }  // which keeps -0
  static F32 add(F32 a, F32 b) { return a + b; }
  static F32 sub(F32 a, F32 b) { return a - b; }
  static F32 mul(F32 a, F32 b) { return a * b; }
  static F32 div(F32 a, F32 b) { return a / b; }
  [[gnu::noinline]] static F32 fma(F32 a, F32 b, F32 c) {
    for (int i = 0; i < width; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
  }
  static F32 fnma(F32 a, F32 b, F32 c) { return fma(-a, b, c); }
  static F32 min(F32 a, F32 b) { return a < b ? a : b; }
  static F32 max(F32 a, F32 b) { return a > b ? a : b; }
  static F32 less(F32 a, F32 b, F32 x, F32 y) { return a < b ? x : y; }
  static F32 keep_nan(F32 x, F32 y) { return x != x ? x : y; }
  [[gnu::noinline]] static F32 load_f16(const uint16_t* p) {
    F32 out;
    for (int i = 0; i < width; ++i) out[i] = f16_to_f32(p[i]);
    return out;
  }
  static F32 load_bf16(const uint16_t* p) {
    F32 out;
    for (int i = 0; i < width; ++i) out[i] = bf16_to_f32(p[i]);
    return out;
  }
  [[gnu::noinline]] static F32 gather(const float* table, I32 index) {
    F32 out;
    for (int i = 0; i < width; ++i) out[i] = table[index[i]];
    return out;
  }
  static float first(F32 a) { return a[0]; }
  template <int n>
  static F32 from_lane(F32 a) {
    F32 out = a;
    for (int i = 0; i < n; ++i) out[i] = a[i + n];
    return out;
  }

  static I32 load_bytes(const void* p) { return read<I32>(p); }
  static I32 load_u8(const uint8_t* p) { return __builtin_convertvector(read<U8>(p), I32); }
  static I32 load_i8(const uint8_t* p) { return __builtin_convertvector(read<I8>(p), I32); }
  static void store_i8(int8_t* p, I32 a) {
    const auto bytes = __builtin_convertvector(a, I8);
    std::memcpy(p, &bytes, sizeof(bytes));
  }
  static void store_i16(int16_t* p, I32 a) {
    const auto words = __builtin_convertvector(a, Words);
    std::memcpy(p, &words, sizeof(words));
  }
  static void store_i32(int32_t* p, I32 a) { std::memcpy(p, &a, sizeof(a)); }
  static I32 max(I32 a, I32 b) { return a > b ? a : b; }
  static int32_t largest(I32 a) {
    int32_t out = a[0];
    for (int i = 1; i < width; ++i) out = a[i] > out ? a[i] : out;
    return out;
  }
  static void sum_pairs(I32 a, int16_t* out) {
    int sums[2] = {};
    for (int i = 0; i < width; ++i) sums[i / 2 % 2] += a[i];
    for (int i = 0; i < 2; ++i) out[i] = static_cast<int16_t>(sums[i]);
  }
  static I32 set1_i32(int32_t x) { return I32{} + x; }
  // Integers overflow by wrapping, as they do in registers.
  static I32 add(I32 a, I32 b) { return as<I32>(as<U32>(a) + as<U32>(b)); }
  static I32 sub(I32 a, I32 b) { return as<I32>(as<U32>(a) - as<U32>(b)); }
  static I32 mul(I32 a, I32 b) { return as<I32>(as<U32>(a) * as<U32>(b)); }
  static I32 and_(I32 a, I32 b) { return a & b; }
  static I32 or_(I32 a, I32 b) { return a | b; }
  static I32 xor_(I32 a, I32 b) { return a ^ b; }
  static I32 shl(I32 a, int n) { return as<I32>(as<U32>(a) << static_cast<uint32_t>(n)); }
  static I32 shr(I32 a, int n) { return as<I32>(as<U32>(a) >> static_cast<uint32_t>(n)); }
  static I32 sar(I32 a, int n) { return a >> n; }
  static F32 to_float(I32 a) { return __builtin_convertvector(a, F32); }
  /// Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
  static I32 round(F32 a) { return as<I32>(a + 0x1.8p23f) - 0x4b400000; }
  static I32 bits(F32 a) { return as<I32>(a); }
  static F32 from_bits(I32 a) { return as<F32>(a); }
  [[gnu::noinline]] static I32 lookup16(I32 bytes, const uint8_t* table) {
    uint8_t byte[4 * width];
    std::memcpy(byte, &bytes, sizeof(byte));
    for (uint8_t& b : byte) b = table[b];
    return load_bytes(byte);
  }

  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    return add(sum, sar(shl(pairs, 16), 16) * x[0] + sar(pairs, 16) * x[1]);
  }

  template <class T>
  static T in_register(T a) {
    return a;
  }
  static constexpr int depth(int) { return chunk_groups; }
  static Dot no_dot() { return I32{}; }
  static Dot dot_u(Dot dot, I32 w, const int8_t* x) {
    return dot + products(w & 0x00ff00ff, x[0], x[2]) + products(shr(w, 8) & 0x00ff00ff, x[1], x[3]);
  }
  static Dot dot_s(Dot dot, I32 w, const int8_t* x) {
    return dot + products(as<I32>(as<I16>(shl(w, 8)) >> 8), x[0], x[2]) +
           products(as<I32>(as<I16>(w) >> 8), x[1], x[3]);
  }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, dot); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return add(sum, mul(dot, scale)); }
  static Scale scale_u(I32 bytes, int i) { return shr(bytes, 8 * i) & 255; }
  static Scale scale_s(I32 bytes, int i) { return sar(shl(bytes, 24 - 8 * i), 24); }
  static I32 pair_u(I32 bytes, int i) { return scale_u(bytes, 2 * i) | shl(scale_u(bytes, 2 * i + 1), 16); }
  static I32 pair_s(I32 bytes, int i) {
    return (scale_s(bytes, 2 * i) & 0xffff) | shl(scale_s(bytes, 2 * i + 1), 16);
  }

 private:
  using U32 = uint32_t __attribute__((vector_size(4 * width)));
  using I16 = int16_t __attribute__((vector_size(4 * width)));
  using U8 = uint8_t __attribute__((vector_size(width)));
  using I8 = int8_t __attribute__((vector_size(width)));
  using Words = int16_t __attribute__((vector_size(2 * width)));

  template <class To, class From>
  static To as(From a) {
    return bit_cast<To>(a);
  }
  /// The two int16 of each lane times one number each, added; no product is beyond 16 bits.
  static I32 products(I32 pairs, int8_t low, int8_t high) {
    const auto factors = set1_i32(
        static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) | static_cast<uint32_t>(high) << 16));
    const I32 products = as<I32>(as<I16>(pairs) * as<I16>(factors));
    return sar(shl(products, 16), 16) + sar(products, 16);
  }
  template <class T>
  static T read(const void* p) {
    T out;
    std::memcpy(&out, p, sizeof(out));
    return out;
  }
};

}  // namespace

const KernelTable& scalar_kernels() {
  static constexpr KernelTable table = generic::kernel_table<Scalar>();
  return table;
}

}  // namespace realizar::kernels
