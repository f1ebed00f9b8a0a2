#pragma once

#include "kernels/generic/math.hpp"

// Norms, activations and the other operators that look at one token at a time.
namespace realizar::kernels::generic {

template <class V>
float dot(const float* a, const float* b, int64_t n) {
  auto sum = Lanes16<V>::all(0);
  int64_t i = 0;
  const auto add = [&](const Lanes16<V>& x, const Lanes16<V>& y) {
    for (int p = 0; p < sum.parts; ++p) sum.part[p] = V::fma(x.part[p], y.part[p], sum.part[p]);
  };
  for (; i + 16 <= n; i += 16) add(Lanes16<V>::load(a + i), Lanes16<V>::load(b + i));
  if (i < n) add(Lanes16<V>::load_some(a + i, n - i, 0), Lanes16<V>::load_some(b + i, n - i, 0));
  return sum.sum();
}

/// out = (x - mean) * scale * weight + bias
template <class V>
void apply_norm(const float* x, float mean, float scale, const float* weight, const float* bias, int64_t n,
                float* out) {
  const auto m = V::set1(mean), s = V::set1(scale);
  transform<V>(x, weight ? weight : x, out, n, [&](auto v, auto w) {
    const auto normalised = V::mul(V::sub(v, m), s);
    return weight ? V::mul(normalised, w) : normalised;
  });
  if (bias) transform<V>(out, bias, out, n, [](auto v, auto b) { return V::add(v, b); });
}

template <class V>
void rms_norm(const float* x, const float* weight, const float* bias, float epsilon, int64_t n, float* out) {
  const float mean_square = dot<V>(x, x, n) / static_cast<float>(n);
  apply_norm<V>(x, 0, 1 / __builtin_sqrtf(mean_square + epsilon), weight, bias, n, out);
}

template <class V>
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int64_t n,
                float* out) {
  auto sum = Lanes16<V>::all(0);
  for_each_16<V>(x, n, 0, [&](const Lanes16<V>& v) {
    for (int p = 0; p < sum.parts; ++p) sum.part[p] = V::add(sum.part[p], v.part[p]);
  });
  const float mean = sum.sum() / static_cast<float>(n);
  auto square = Lanes16<V>::all(0);
  for_each_16<V>(x, n, mean, [&](const Lanes16<V>& v) {
    for (int p = 0; p < sum.parts; ++p) {
      const auto centred = V::sub(v.part[p], V::set1(mean));
      square.part[p] = V::fma(centred, centred, square.part[p]);
    }
  });
  const float variance = square.sum() / static_cast<float>(n);
  apply_norm<V>(x, mean, 1 / __builtin_sqrtf(variance + epsilon), weight, bias, n, out);
}

template <class V, Activation A>
void gate(const float* gates, const float* up, int64_t n, float* out) {
  if (up) return transform<V>(gates, up, out, n, [](auto g, auto u) { return gated<V, A>(g, u); });
  if constexpr (A != Activation::swiglu_oai)
    transform<V>(gates, out, n, [](auto g) { return activate<V, A>(g); });
}

template <class V>
void add(const float* a, const float* b, float factor, int64_t n, float* out) {
  const auto f = V::set1(factor);
  transform<V>(a, b, out, n, [&](auto x, auto y) { return V::fma(f, y, x); });
}

template <class V>
void add_tile(const float* a, int64_t a_stride, const float* tile, float factor, int n_tokens, int n_rows,
              float* out, int64_t out_stride) {
  if (n_rows < panel_rows) {
    for (int t = 0; t < n_tokens; ++t)
      add<V>(a + t * a_stride, tile + t * panel_rows, factor, n_rows, out + t * out_stride);
    return;
  }
  const auto f = V::set1(factor);
  for (int t = 0; t < n_tokens; ++t)
    for (int r = 0; r < panel_rows; r += V::width)
      V::store(out + t * out_stride + r,
               V::fma(f, V::load(tile + t * panel_rows + r), V::load(a + t * a_stride + r)));
}

template <class V>
void multiply(const float* a, const float* b, int64_t n, float* out) {
  transform<V>(a, b, out, n, [](auto x, auto y) { return V::mul(x, y); });
}

template <class V>
void scale(const float* x, float factor, int64_t n, float* out) {
  const auto f = V::set1(factor);
  transform<V>(x, out, n, [&](auto v) { return V::mul(v, f); });
}

template <class V>
typename V::F32 capped(typename V::F32 x, float cap) {
  return V::mul(V::set1(cap), tanh<V>(V::div(x, V::set1(cap))));
}

template <class V>
void soft_cap(float* x, float cap, int64_t n) {
  transform<V>(x, x, n, [&](auto v) { return capped<V>(v, cap); });
}

template <class V>
void sigmoid_all(const float* x, int64_t n, float* out) {
  transform<V>(x, out, n, [](auto v) { return sigmoid<V>(v); });
}

template <class V>
void softmax(float* x, int64_t n) {
  constexpr float lowest = -__builtin_inff();
  auto top = Lanes16<V>::all(lowest);
  for_each_16<V>(x, n, lowest, [&](const Lanes16<V>& v) {
    for (int p = 0; p < top.parts; ++p) top.part[p] = V::max(v.part[p], top.part[p]);
  });
  const auto max = V::set1(top.max());
  transform<V>(x, x, n, [&](auto v) { return exp<V, false>(V::sub(v, max)); });
  auto sum = Lanes16<V>::all(0);
  for_each_16<V>(x, n, 0, [&](const Lanes16<V>& v) {
    for (int p = 0; p < sum.parts; ++p) sum.part[p] = V::add(sum.part[p], v.part[p]);
  });
  const auto total = V::set1(sum.sum());
  transform<V>(x, x, n, [&](auto v) { return V::div(v, total); });
}

/// Pairs are halves (i, i + n_rot / 2) or neighbours (2i, 2i + 1). Neighbours go lane by lane: the few
/// columns of a head are soon done.
template <class V>
void rope(float* x, const float* cosines, const float* sines, int n_rot, bool halves) {
  const int n = n_rot / 2;
  int i = 0;
  if (halves)
    for (; i + V::width <= n; i += V::width) {
      const auto a = V::load(x + i), b = V::load(x + n + i), c = V::load(cosines + i), s = V::load(sines + i);
      V::store(x + i, V::fnma(b, s, V::mul(a, c)));
      V::store(x + n + i, V::fma(a, s, V::mul(b, c)));
    }
  for (; i < n; ++i) {
    float& first = halves ? x[i] : x[2 * i];
    float& second = halves ? x[n + i] : x[2 * i + 1];
    const float a = first, b = second, c = cosines[i], s = sines[i];
    first = __builtin_fmaf(-b, s, a * c);
    second = __builtin_fmaf(a, s, b * c);
  }
}

}  // namespace realizar::kernels::generic
