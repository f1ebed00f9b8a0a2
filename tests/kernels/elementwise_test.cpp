#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "kernels/kernel_cases.hpp"
#include "support/equal.hpp"

namespace realizar::kernels {
namespace {

using test::random_floats;
using test::same_bits;

class Elementwise : public test::OnEachIsa {
 protected:
  using Floats = std::vector<float>;
  /// Runs `fn(table)` on the scalar kernels and on this set; expects the same bits and gives them.
  Floats same(const std::function<Floats(const KernelTable&)>& fn) {
    const Floats expected = fn(kernels_of(backend::Isa::scalar)), actual = fn(table());
    EXPECT_TRUE(realizar::test::equal(expected, actual, same_bits));
    return actual;
  }
  std::mt19937 random{7};
};
INSTANTIATE_TEST_SUITE_P(Isas, Elementwise, test::all_isas, test::isa_name);

constexpr int64_t lengths[] = {1, 7, 16, 17, 64, 100, 576};

TEST_P(Elementwise, NormsAreThoseOfTheBooks) {
  for (const int64_t n : lengths) {
    const auto size = static_cast<size_t>(n);
    const auto x = random_floats(random, size, 3), w = random_floats(random, size),
               b = random_floats(random, size);
    const auto rms = same([&](const KernelTable& k) {
      Floats out(size);
      k.rms_norm(x.data(), w.data(), nullptr, 1e-5f, n, out.data());
      return out;
    });
    const auto layer = same([&](const KernelTable& k) {
      Floats out(size);
      k.layer_norm(x.data(), w.data(), b.data(), 1e-5f, n, out.data());
      return out;
    });
    double mean = 0, square = 0, variance = 0;
    for (const double v : x) mean += v / static_cast<double>(n), square += v * v / static_cast<double>(n);
    for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(n);
    for (size_t i = 0; i < size; ++i) {
      EXPECT_NEAR(rms[i], x[i] / std::sqrt(square + 1e-5) * w[i], 1e-5);
      EXPECT_NEAR(layer[i], (x[i] - mean) / std::sqrt(variance + 1e-5) * w[i] + b[i], 2e-5);
    }
  }
}

TEST_P(Elementwise, ActivationsAreWithinAFewUlp) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto clamped = [&](double g, double u) {
    return std::min(g, 7.0) * sigmoid(1.702 * std::min(g, 7.0)) * (std::clamp(u, -7.0, 7.0) + 1);
  };
  const std::function<double(double, double)> expected[] = {
      [&](double g, double u) { return g * sigmoid(g) * u; },
      [](double g, double u) {
        return 0.5 * g * (1 + std::tanh(0.79788456080286536 * (g + 0.044715 * g * g * g))) * u;
      },
      [](double g, double u) { return 0.5 * g * (1 + std::erf(g / std::sqrt(2.0))) * u; },
      [&](double g, double u) { return g * sigmoid(1.702 * g) * u; },
      [](double g, double u) { return std::max(g, 0.0) * u; },
      [](double g, double u) { return g > 0 ? g * g * u : 0; },
      clamped};
  auto gates = random_floats(random, 1003, 4), up = random_floats(random, 1003, 4);
  gates[0] = 100, gates[1] = -100, gates[2] = 0, gates[3] = 1e-30f;
  for (int a = 0; a < n_activations; ++a) {
    const auto out = same([&](const KernelTable& k) {
      Floats y(gates.size());
      k.gate[a](gates.data(), up.data(), static_cast<int64_t>(y.size()), y.data());
      return y;
    });
    for (size_t i = 0; i < out.size(); ++i) {
      const double e = expected[a](gates[i], up[i]);
      EXPECT_NEAR(out[i], e, 2e-6 * (std::abs(e) + std::abs(gates[i] * up[i]) * 0.3 + 1e-6))
          << a << " " << gates[i];
    }
  }
}

TEST_P(Elementwise, ActivationsKeepNanAndInfinity) {
  const Floats x = {NAN, INFINITY, -INFINITY, 88.9f, -88.9f, 1e38f, -1e38f};
  for (int a = 0; a < n_activations - 1; ++a) {
    const auto out = same([&](const KernelTable& k) {
      Floats y(x.size());
      k.gate[a](x.data(), nullptr, static_cast<int64_t>(y.size()), y.data());
      return y;
    });
    EXPECT_TRUE(std::isnan(out[0])) << a;
    EXPECT_EQ(out[1], INFINITY) << a;
  }
}

TEST_P(Elementwise, SumsProductsAndCaps) {
  for (const int64_t n : lengths) {
    const auto size = static_cast<size_t>(n);
    const auto a = random_floats(random, size), b = random_floats(random, size);
    const auto run = [&](auto&& fn) {
      return same([&](const KernelTable& k) {
        Floats out = a;
        fn(k, out.data());
        return out;
      });
    };
    const auto sum = run([&](const KernelTable& k, float* out) { k.add(a.data(), b.data(), 0.5f, n, out); });
    const auto product =
        run([&](const KernelTable& k, float* out) { k.multiply(a.data(), b.data(), n, out); });
    const auto scaled = run([&](const KernelTable& k, float* out) { k.scale(a.data(), 3, n, out); });
    const auto capped = run([&](const KernelTable& k, float* out) { k.soft_cap(out, 2, n); });
    const auto sigmoids = run([&](const KernelTable& k, float* out) { k.sigmoid(a.data(), n, out); });
    const auto shares = run([&](const KernelTable& k, float* out) { k.softmax(out, n); });
    const auto dots = run([&](const KernelTable& k, float* out) { out[0] = k.dot(a.data(), b.data(), n); });
    double dot = 0, total = 0;
    for (size_t i = 0; i < size; ++i) dot += double{a[i]} * b[i], total += std::exp(double{a[i]});
    EXPECT_NEAR(dots[0], dot, 1e-5 * static_cast<double>(n));
    for (size_t i = 0; i < size; ++i) {
      EXPECT_EQ(sum[i], std::fma(0.5f, b[i], a[i]));
      EXPECT_EQ(product[i], a[i] * b[i]);
      EXPECT_EQ(scaled[i], 3 * a[i]);
      EXPECT_NEAR(capped[i], 2 * std::tanh(a[i] / 2), 1e-6);
      EXPECT_NEAR(sigmoids[i], 1 / (1 + std::exp(-a[i])), 1e-6);
      EXPECT_NEAR(shares[i], std::exp(double{a[i]}) / total, 1e-6);
    }
  }
}

TEST_P(Elementwise, RopeTurnsHalvesAndNeighbours) {
  for (const int n_rot : {2, 16, 64, 80})
    for (const bool halves : {true, false}) {
      const auto n = static_cast<size_t>(n_rot);
      const auto x = random_floats(random, n), angles = random_floats(random, n / 2);
      Floats c, s;
      for (const float angle : angles) c.push_back(std::cos(angle)), s.push_back(std::sin(angle));
      const auto out = same([&](const KernelTable& k) {
        Floats y = x;
        k.rope(y.data(), c.data(), s.data(), n_rot, halves);
        return y;
      });
      for (size_t i = 0; i < n / 2; ++i) {
        const size_t a = halves ? i : 2 * i, b = halves ? i + n / 2 : 2 * i + 1;
        EXPECT_NEAR(out[a], x[a] * c[i] - x[b] * s[i], 1e-5);
        EXPECT_NEAR(out[b], x[a] * s[i] + x[b] * c[i], 1e-5);
      }
    }
}

}  // namespace
}  // namespace realizar::kernels
