#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernels/formats.hpp"
#include "kernels/kernel_cases.hpp"

namespace realizar::kernels {
namespace {

using test::Quantized;
using test::RandomMatrix;
using test::same_bits;

constexpr int64_t n_cols = 768;
constexpr int n_tokens = 11;  // a tile of eight and a rest

class Products : public test::OnEachIsa {};
INSTANTIATE_TEST_SUITE_P(Isas, Products, test::all_isas, test::isa_name);

/// One row times one token: FMAs in the order of the columns.
float exact_model(const float* weights, const float* x, int64_t n) {
  float sum = 0;
  for (int64_t k = 0; k < n; ++k) sum = std::fma(weights[k], x[k], sum);
  return sum;
}

TEST_P(Products, ExactHasTheBitsOfDequantizeThenFmaInOrder) {
  std::mt19937 random(1);
  for (const TensorType type : test::product_types)
    for (const bool sane : {true, false}) {
      const RandomMatrix matrix(random, type, 13, n_cols, sane);
      const auto panels = matrix.panels();
      const auto x = test::random_floats(random, n_tokens * n_cols);
      std::vector<float> out(n_tokens * 16);
      table().exact[static_cast<int>(type)](panels.as<uint8_t>().data(), n_cols, x.data(), n_cols, n_tokens,
                                            out.data());
      for (int t = 0; t < n_tokens; ++t)
        for (int r = 0; r < matrix.n_rows; ++r) {
          const float expected =
              exact_model(matrix.values.data() + r * n_cols, x.data() + t * n_cols, n_cols);
          ASSERT_TRUE(same_bits(out[static_cast<size_t>(t * 16 + r)], expected))
              << info(type).name << " token " << t << " row " << r << ": "
              << out[static_cast<size_t>(t * 16 + r)] << " " << expected;
        }
    }
}

TEST_P(Products, DenseRowsMayHaveAnyLength) {
  std::mt19937 random(2);
  for (const TensorType type : {TensorType::f32, TensorType::f16, TensorType::bf16})
    for (const int64_t n : {1, 5, 31, 33, 100}) {
      const RandomMatrix matrix(random, type, 16, n, true);
      const auto panels = matrix.panels();
      const auto x = test::random_floats(random, static_cast<size_t>(3 * n));
      std::vector<float> out(3 * 16);
      table().exact[static_cast<int>(type)](panels.as<uint8_t>().data(), n, x.data(), n, 3, out.data());
      for (int t = 0; t < 3; ++t)
        for (int r = 0; r < 16; ++r)
          ASSERT_TRUE(same_bits(out[static_cast<size_t>(t * 16 + r)],
                                exact_model(matrix.values.data() + r * n, x.data() + t * n, n)));
    }
}

/// The fast arithmetic in 64-bit integers, from the unpacked blocks of one row and the codes of one token.
template <class F>
float fast_model(const uint8_t* row, const Quantized& x, int64_t t) {
  float sum = 0;
  UnpackedBlock<F> block;
  for (int64_t b = 0; b < n_cols / F::block; ++b) {
    F::unpack(row + b * F::bytes, block);
    const float dmin = f16_to_f32(block.dmin_bits);
    const auto code_at = [&](int64_t k) {  // of column k
      return int64_t{x.view.codes_of(activation_block(F::type), k / 32, t)[k % 32]};
    };
    const int step = std::max(F::d_span, 32);  // mins follow the dots of a chunk
    for (int at = 0; at < F::block; at += step) {
      const int64_t column = b * F::block + at;
      const float dx = x.d[static_cast<size_t>(column / activation_block(F::type) * x.view.n_tokens + t)];
      int64_t mins = 0;
      for (int k = at; k < at + step; ++k) mins += block.min[k / F::group] * code_at(b * F::block + k);
      for (int span = at; span < at + step; span += F::d_span) {
        int64_t dot = 0;
        for (int k = span; k < span + F::d_span; ++k)
          dot += scale_value<F>(block.scale[k / F::group]) * weight<F>(block.code[k]) *
                 code_at(b * F::block + k);
        float value = static_cast<float>(dot) * d_value<F>(block.d_bits[span / F::d_span]);
        if (F::has_min && F::block == 256) value = std::fma(-static_cast<float>(mins), dmin, value);
        sum = std::fma(value, dx, sum);
      }
      if (F::has_min && F::block == 32) sum = std::fma(dmin, -(dx * static_cast<float>(mins)), sum);
    }
  }
  return sum;
}

TEST_P(Products, FastIsTheIntegerModelOfTheQuantizedOperands) {
  std::mt19937 random(3);
  constexpr int n_panels = 3, n_rows = n_panels * panel_rows;  // two side by side and a rest
  for_each_format(AllBlockFormats{}, [&]<class F>(F) {
    for (const bool sane : {true, false}) {
      const RandomMatrix matrix(random, F::type, n_rows, n_cols, sane);
      const auto panels = matrix.panels();
      const auto x = test::random_floats(random, n_tokens * n_cols);
      const Quantized quantized(kernels_of(backend::Isa::scalar), x, n_cols, activation_block(F::type),
                                n_tokens);
      for (const auto& [first, count] : {std::pair{0, n_tokens}, {4, 1}, {9, 2}}) {
        std::vector<float> out(static_cast<size_t>(count * n_rows));
        table().fast[static_cast<int>(F::type)](panels.template as<uint8_t>().data(), n_panels, n_cols,
                                                quantized.view, first, count, out.data());
        for (int row = 0; row < n_rows; ++row)
          for (int t = 0; t < count; ++t) {
            const float expected = fast_model<F>(
                matrix.file.data() + static_cast<size_t>(row) * matrix.row_bytes, quantized, first + t);
            const float got =
                out[static_cast<size_t>((row / panel_rows * count + t) * panel_rows + row % panel_rows)];
            ASSERT_TRUE(same_bits(got, expected)) << info(F::type).name << " token " << first + t << " row "
                                                  << row << ": " << got << " " << expected;
          }
      }
    }
  });
}

TEST_P(Products, FastSurvivesEveryCodeAtItsExtreme) {
  for_each_format(AllBlockFormats{}, [&]<class F>(F) {
    for (const int byte : {0x00, 0x7f, 0x80, 0xff})
      for (const float sign : {1.0f, -1.0f}) {
        std::mt19937 random(4);
        RandomMatrix matrix(random, F::type, 16, n_cols, true);
        std::fill(matrix.file.begin(), matrix.file.end(), static_cast<uint8_t>(byte));
        const auto panels = matrix.panels();
        const std::vector<float> x(n_cols, sign);
        const Quantized quantized(table(), x, n_cols, activation_block(F::type), 1);
        std::vector<float> out(16);
        table().fast[static_cast<int>(F::type)](panels.template as<uint8_t>().data(), 1, n_cols,
                                                quantized.view, 0, 1, out.data());
        for (const float y : out)
          ASSERT_TRUE(same_bits(y, fast_model<F>(matrix.file.data(), quantized, 0))) << info(F::type).name;
      }
  });
}

bool same_sums(const GroupSums& a, const GroupSums& b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

TEST_P(Products, QuantizingGivesTheSameCodesOnEveryIsa) {
  std::mt19937 random(5);
  for (const int block : {32, 256})
    for (const float scale : {1.0f, 1e-38f, 1e-42f, 1e30f}) {
      auto x = test::random_floats(random, 2 * n_cols, scale);
      x[40] = std::nanf("");
      x[n_cols + 300] = INFINITY;
      std::fill_n(x.begin() + 512, 256, 0.0f);
      const Quantized a(kernels_of(backend::Isa::scalar), x, n_cols, block, 2),
          b(table(), x, n_cols, block, 2);
      EXPECT_EQ(a.codes, b.codes);
      EXPECT_EQ(a.half_sums, b.half_sums);
      EXPECT_TRUE(std::ranges::equal(a.group_sums, b.group_sums, same_sums));
      EXPECT_TRUE(std::ranges::equal(a.d, b.d, same_bits));
      EXPECT_TRUE(std::ranges::equal(a.minus_sums, b.minus_sums, same_bits));
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
