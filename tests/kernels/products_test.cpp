#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernels/product_checks.hpp"
#include "support/equal.hpp"

namespace realizar::kernels {
namespace {

using test::Quantized;
using test::RandomMatrix;
using test::same_bits;

class Products : public test::OnEachIsa {};
INSTANTIATE_TEST_SUITE_P(Isas, Products, test::all_isas, test::isa_name);

TEST_P(Products, ExactHasTheBitsOfDequantizeThenFmaInOrder) {
  test::ProductErrors errors;
  for (const TensorType type : test::product_types)
    for (const test::ProductCase& c : test::product_cases(type)) test::check_exact(table(), c, errors);
}

TEST_P(Products, DenseRowsMayHaveAnyLength) {
  std::mt19937 random(2);
  for (const TensorType type : {TensorType::f32, TensorType::f16, TensorType::bf16})
    for (const int64_t n : {1, 5, 31, 33, 100}) {
      const RandomMatrix matrix(random, type, 16, n, true);
      const auto panels = matrix.panels();
      const auto x = test::random_floats(random, static_cast<size_t>(3 * n));
      std::vector<float> out(3 * 16);
      table().exact[static_cast<int>(type)](panels.as<uint8_t>().data(), 1, n, x.data(), n, 3, out.data());
      for (int t = 0; t < 3; ++t)
        for (int r = 0; r < 16; ++r)
          ASSERT_TRUE(same_bits(out[static_cast<size_t>(t * 16 + r)],
                                test::exact_model(matrix.values.data() + r * n, x.data() + t * n, n)));
    }
}

TEST_P(Products, FastIsTheIntegerModelOfTheQuantizedOperands) {
  test::ProductErrors errors;
  for (const TensorType type : test::product_types)
    if (is_block_format(type))
      for (const test::ProductCase& c : test::product_cases(type)) test::check_fast(table(), c, errors);
}

bool same_sums(const GroupSums& a, const GroupSums& b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

TEST_P(Products, QuantizingGivesTheSameCodesOnEveryIsa) {
  constexpr int64_t n_cols = 768;
  std::mt19937 random(5);
  for (const int block : {32, 256})
    for (const float scale : {1.0f, 1e-38f, 1e-42f, 1e30f}) {
      auto x = test::random_floats(random, 2 * n_cols, scale);
      x[40] = std::nanf("");
      x[n_cols + 300] = INFINITY;
      std::fill_n(x.begin() + 512, 256, 0.0f);
      const Quantized a(kernels_of(backend::Isa::scalar), x, n_cols, block, 2, 2),
          b(table(), x, n_cols, block, 2, 2);
      EXPECT_EQ(a.codes, b.codes);
      EXPECT_EQ(a.half_sums, b.half_sums);
      EXPECT_TRUE(realizar::test::equal(a.group_sums, b.group_sums, same_sums));
      EXPECT_TRUE(realizar::test::equal(a.d, b.d, same_bits));
      EXPECT_TRUE(realizar::test::equal(a.minus_sums, b.minus_sums, same_bits));
      EXPECT_TRUE(std::isnan(b.d[static_cast<size_t>(40 / block * 2)]));
      EXPECT_EQ(b.view.codes_of(block, 40 / 32, 0)[8], 0);
      // A code is the nearest multiple of d.
      for (int64_t k = 0; k < n_cols; ++k) {
        const float d = b.d[static_cast<size_t>(k / block * 2)], value = x[static_cast<size_t>(k)];
        if (std::isnan(d) || d < 1e-37f) continue;
        ASSERT_LE(std::abs(value - d * b.view.codes_of(block, k / 32, 0)[k % 32]), d * 0.5001f);
      }
    }
}

TEST(Panels, KeepTheBitsOfTheFile) {
  for (const TensorType type : test::product_types) {
    const double file = 16.0 * 2048 / info(type).block * info(type).bytes;
    EXPECT_LE(static_cast<double>(panel_bytes(type, 2048)), 1.25 * file) << info(type).name;
  }
}

}  // namespace
}  // namespace realizar::kernels
