// Plain C++: arrays of 16 lanes. What the other instruction sets are compared with.
#include <bit>
#include <cmath>

#include "kernels/generic/table.hpp"

namespace realizar::kernels {
namespace {

struct Scalar {
  static constexpr int width = 16;
  static constexpr bool signed_dot = true;
  static constexpr int queries = 4;
  static constexpr int strips = 1;
  template <class T>
  struct Lanes {
    T lane[width];
  };
  using F32 = Lanes<float>;
  using I32 = Lanes<int32_t>;
  using Dot = I32;
  using Scale = I32;

  template <class T, class Fn>
  static Lanes<T> each(Fn fn) {
    Lanes<T> out;
    for (int i = 0; i < width; ++i) out.lane[i] = static_cast<T>(fn(i));
    return out;
  }
  template <class Fn>
  static F32 floats(Fn fn) {
    return each<float>(fn);
  }
  template <class Fn>
  static I32 ints(Fn fn) {
    return each<int32_t>(fn);
  }

  /// Integers overflow by wrapping, as they do in registers.
  static uint32_t wrapped(int32_t x) { return static_cast<uint32_t>(x); }

  static F32 load(const float* p) {
    return floats([&](int i) { return p[i]; });
  }
  static void store(float* p, F32 a) {
    for (int i = 0; i < width; ++i) p[i] = a.lane[i];
  }
  static F32 set1(float x) {
    return floats([&](int) { return x; });
  }
  static F32 add(F32 a, F32 b) {
    return floats([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static F32 sub(F32 a, F32 b) {
    return floats([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static F32 mul(F32 a, F32 b) {
    return floats([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static F32 div(F32 a, F32 b) {
    return floats([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  static F32 fma(F32 a, F32 b, F32 c) {
    return floats([&](int i) { return __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static F32 fnma(F32 a, F32 b, F32 c) {
    return floats([&](int i) { return __builtin_fmaf(-a.lane[i], b.lane[i], c.lane[i]); });
  }
  static F32 min(F32 a, F32 b) {
    return floats([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F32 max(F32 a, F32 b) {
    return floats([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F32 less(F32 a, F32 b, F32 x, F32 y) {
    return floats([&](int i) { return a.lane[i] < b.lane[i] ? x.lane[i] : y.lane[i]; });
  }
  static F32 keep_nan(F32 x, F32 y) {
    return floats([&](int i) { return x.lane[i] != x.lane[i] ? x.lane[i] : y.lane[i]; });
  }
  static F32 load_f16(const uint16_t* p) {
    return floats([&](int i) { return f16_to_f32(p[i]); });
  }
  static F32 load_bf16(const uint16_t* p) {
    return floats([&](int i) { return bf16_to_f32(p[i]); });
  }
  static F32 gather(const float* table, I32 index) {
    return floats([&](int i) { return table[index.lane[i]]; });
  }

  static I32 max(I32 a, I32 b) {
    return ints([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static float first(F32 a) { return a.lane[0]; }
  template <int n>
  static F32 from_lane(F32 a) {
    return floats([&](int i) { return a.lane[(i + n) % width]; });
  }

  static void store_i32(int32_t* p, I32 a) {
    for (int i = 0; i < width; ++i) p[i] = a.lane[i];
  }
  static I32 load_bytes(const void* p) {
    I32 out;
    std::memcpy(out.lane, p, sizeof(out.lane));
    return out;
  }
  static I32 load_u8(const uint8_t* p) {
    return ints([&](int i) { return p[i]; });
  }
  static I32 load_i8(const uint8_t* p) {
    return ints([&](int i) { return static_cast<int8_t>(p[i]); });
  }
  static void store_i8(int8_t* p, I32 a) {
    for (int i = 0; i < width; ++i) p[i] = static_cast<int8_t>(a.lane[i]);
  }
  static int32_t largest(I32 a) {
    int32_t out = a.lane[0];
    for (const int32_t lane : a.lane) out = lane > out ? lane : out;
    return out;
  }
  static int32_t sum(I32 a) {
    uint32_t out = 0;
    for (const int32_t lane : a.lane) out += wrapped(lane);
    return static_cast<int32_t>(out);
  }
  static I32 set1_i32(int32_t x) {
    return ints([&](int) { return x; });
  }
  static I32 add(I32 a, I32 b) {
    return ints([&](int i) { return wrapped(a.lane[i]) + wrapped(b.lane[i]); });
  }
  static I32 sub(I32 a, I32 b) {
    return ints([&](int i) { return wrapped(a.lane[i]) - wrapped(b.lane[i]); });
  }
  static I32 mul(I32 a, I32 b) {
    return ints([&](int i) { return wrapped(a.lane[i]) * wrapped(b.lane[i]); });
  }
  static I32 and_(I32 a, I32 b) {
    return ints([&](int i) { return a.lane[i] & b.lane[i]; });
  }
  static I32 or_(I32 a, I32 b) {
    return ints([&](int i) { return a.lane[i] | b.lane[i]; });
  }
  static I32 xor_(I32 a, I32 b) {
    return ints([&](int i) { return a.lane[i] ^ b.lane[i]; });
  }
  static I32 shl(I32 a, int n) {
    return ints([&](int i) { return wrapped(a.lane[i]) << n; });
  }
  static I32 shr(I32 a, int n) {
    return ints([&](int i) { return wrapped(a.lane[i]) >> n; });
  }
  static I32 sar(I32 a, int n) {
    return ints([&](int i) { return a.lane[i] >> n; });
  }
  static F32 to_float(I32 a) {
    return floats([&](int i) { return static_cast<float>(a.lane[i]); });
  }
  /// Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
  static I32 round(F32 a) {
    return ints([&](int i) { return std::bit_cast<int32_t>(a.lane[i] + 0x1.8p23f) - 0x4b400000; });
  }
  static I32 bits(F32 a) {
    return ints([&](int i) { return std::bit_cast<int32_t>(a.lane[i]); });
  }
  static F32 from_bits(I32 a) {
    return floats([&](int i) { return std::bit_cast<float>(a.lane[i]); });
  }
  static I32 lookup16(I32 bytes, const uint8_t* table) {
    uint8_t byte[4 * width];
    std::memcpy(byte, bytes.lane, sizeof(byte));
    for (uint8_t& b : byte) b = table[b];
    return load_bytes(byte);
  }

  static I32 dot2(I32 sum, I32 pairs, const int16_t* x) {
    return ints([&](int i) {
      return sum.lane[i] + static_cast<int16_t>(pairs.lane[i]) * x[0] + (pairs.lane[i] >> 16) * x[1];
    });
  }

  template <class T>
  static T in_register(T a) {
    return a;
  }
  static constexpr int depth(int) { return chunk_groups; }
  static Dot no_dot() { return set1_i32(0); }
  template <class Byte>
  static Dot dot(Dot sums, I32 w, const int8_t* x) {
    Byte byte[4 * width];
    std::memcpy(byte, w.lane, sizeof(byte));
    return ints([&](int i) {
      const Byte* b = byte + 4 * i;
      return sums.lane[i] + b[0] * x[0] + b[1] * x[1] + b[2] * x[2] + b[3] * x[3];
    });
  }
  static Dot dot_u(Dot sums, I32 w, const int8_t* x) { return dot<uint8_t>(sums, w, x); }
  static Dot dot_s(Dot sums, I32 w, const int8_t* x) { return dot<int8_t>(sums, w, x); }
  static I32 add_dot(I32 sum, Dot dot) { return add(sum, dot); }
  static I32 add_scaled(I32 sum, Dot dot, Scale scale) { return add(sum, mul(dot, scale)); }
  static Scale scale_u(I32 bytes, int i) { return and_(shr(bytes, 8 * i), set1_i32(255)); }
  static Scale scale_s(I32 bytes, int i) { return sar(shl(bytes, 24 - 8 * i), 24); }
  static I32 pair_u(I32 bytes, int i) {
    return or_(scale_u(bytes, 2 * i), shl(scale_u(bytes, 2 * i + 1), 16));
  }
  static I32 pair_s(I32 bytes, int i) {
    return or_(and_(scale_s(bytes, 2 * i), set1_i32(0xffff)), shl(scale_s(bytes, 2 * i + 1), 16));
  }
};

}  // namespace

const KernelTable& scalar_kernels() {
  static constexpr KernelTable table = generic::kernel_table<Scalar>();
  return table;
}

}  // namespace realizar::kernels
