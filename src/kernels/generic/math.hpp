#pragma once

#include "kernels/activation.hpp"
#include "kernels/generic/vocabulary.hpp"

// Transcendental functions of f32 lanes, the same bits on every instruction set.
namespace realizar::kernels::generic {

/// ((c[0] x + c[1]) x + c[2]) ...
template <class V, int N>
typename V::F32 polynomial(const float (&c)[N], typename V::F32 x) {
  auto p = V::set1(c[0]);
  for (int i = 1; i < N; ++i) p = V::fma(p, x, V::set1(c[i]));
  return p;
}

/// e^x within 1 ULP or so; 0 below -87.3 (results that would be denormal), infinity above 88.72. With
/// `Above0` false x is 0 or less, or NaN: fewer instructions, the same bits.
template <class V, bool Above0 = true>
[[gnu::always_inline]] inline typename V::F32 exp(typename V::F32 x) {
  const auto low = V::set1(-87.33654f), high = V::set1(88.72283f);
  const auto inside = V::max(Above0 ? V::min(x, high) : x, low);
  // x = k ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts (Cody and Waite 1980).
  const auto k = V::round(V::mul(inside, V::set1(0x1.715476p0f)));
  const auto kf = V::to_float(k);
  const auto r = V::fnma(kf, V::set1(-0x1.05c610p-29f), V::fnma(kf, V::set1(0x1.62e430p-1f), inside));
  // The Taylor series; the first term left out, r^8 / 8!, is below 6e-9.
  const auto p =
      polynomial<V>({1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}, r);
  const auto power = [](typename V::I32 e) { return V::from_bits(V::shl(V::add(e, V::set1_i32(127)), 23)); };
  typename V::F32 y;
  if constexpr (Above0) {
    // 2^k in two factors: k reaches 128.
    const auto half = V::sar(k, 1);
    y = V::mul(V::mul(p, power(half)), power(V::sub(k, half)));
    y = V::less(high, x, V::from_bits(V::set1_i32(0x7f800000)), y);
  } else {
    y = V::mul(p, power(k));
  }
  return V::keep_nan(x, V::less(x, low, V::set1(0), y));
}

/// 1 / (1 + e^-x)
template <class V>
typename V::F32 sigmoid(typename V::F32 x) {
  const auto one = V::set1(1);
  return V::div(one, V::add(one, exp<V>(V::sub(V::set1(0), x))));
}

template <class V>
typename V::F32 absolute(typename V::F32 x) {
  return V::from_bits(V::and_(V::bits(x), V::set1_i32(0x7fffffff)));
}

template <class V>
typename V::F32 with_sign_of(typename V::F32 magnitude, typename V::F32 x) {
  return V::from_bits(V::or_(V::bits(magnitude), V::and_(V::bits(x), V::set1_i32(INT32_MIN))));
}

template <class V>
typename V::F32 tanh(typename V::F32 x) {
  const auto magnitude = absolute<V>(x);
  // Large: 1 - 2 / (e^2|x| + 1).
  const auto one = V::set1(1);
  const auto large = V::sub(one, V::div(V::set1(2), V::add(exp<V>(V::add(magnitude, magnitude)), one)));
  // Small: x + x^3 P(x^2), the coefficients of Cephes' tanhf (Moshier), where the above would cancel.
  const auto square = V::mul(x, x);
  const auto p = polynomial<V>(
      {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f},
      square);
  const auto small = V::fma(V::mul(p, square), magnitude, magnitude);
  return V::keep_nan(x, with_sign_of<V>(V::less(magnitude, V::set1(0.625f), small, large), x));
}

/// The error function: Abramowitz and Stegun 7.1.26, within 1.5e-7.
template <class V>
typename V::F32 erf(typename V::F32 x) {
  const auto magnitude = absolute<V>(x), one = V::set1(1);
  const auto t = V::div(one, V::fma(V::set1(0.3275911f), magnitude, one));
  const auto p = polynomial<V>({1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f}, t);
  const auto decay = exp<V>(V::sub(V::set1(0), V::mul(magnitude, magnitude)));
  return V::keep_nan(x, with_sign_of<V>(V::fnma(V::mul(p, t), decay, one), x));
}

template <class V, Activation A>
typename V::F32 activate(typename V::F32 x) {
  const auto zero = V::set1(0);
  if constexpr (A == Activation::silu) return V::mul(x, sigmoid<V>(x));
  if constexpr (A == Activation::gelu_quick) return V::mul(x, sigmoid<V>(V::mul(V::set1(1.702f), x)));
  if constexpr (A == Activation::relu) return V::keep_nan(x, V::max(x, zero));
  if constexpr (A == Activation::relu_squared) {
    const auto positive = V::keep_nan(x, V::max(x, zero));
    return V::mul(positive, positive);
  }
  if constexpr (A == Activation::gelu_tanh) {
    const auto cube = V::mul(V::mul(x, x), x);
    const auto inner = V::mul(V::set1(0.797884561f), V::fma(V::set1(0.044715f), cube, x));
    return V::mul(V::mul(V::set1(0.5f), x), V::add(V::set1(1), tanh<V>(inner)));
  }
  if constexpr (A == Activation::gelu_erf)
    return V::mul(V::mul(V::set1(0.5f), x), V::add(V::set1(1), erf<V>(V::mul(x, V::set1(0.707106781f)))));
}

/// activation(gate) * up. The clamped SwiGLU of gpt-oss: both clamped to 7, the sigmoid sharpened, 1 added to
/// up.
template <class V, Activation A>
typename V::F32 gated(typename V::F32 gate, typename V::F32 up) {
  if constexpr (A == Activation::swiglu_oai) {
    const auto limit = V::set1(7);
    const auto g = V::keep_nan(gate, V::min(gate, limit));
    const auto u = V::keep_nan(up, V::max(V::min(up, limit), V::set1(-7)));
    return V::mul(V::mul(g, sigmoid<V>(V::mul(V::set1(1.702f), g))), V::add(u, V::set1(1)));
  } else {
    return V::mul(activate<V, A>(gate), up);
  }
}

}  // namespace realizar::kernels::generic
