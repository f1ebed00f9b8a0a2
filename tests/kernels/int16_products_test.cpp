#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/product_cases.hpp"

// Fast products of F16 and BF16 weights, which are integers of 14 bits there.
namespace realizar::kernels {
namespace {

using test::Int16Tokens;
using test::Int16Weights;
using test::RandomMatrix;
using test::same_bits;

constexpr TensorType int16_types[] = {TensorType::f16, TensorType::bf16};
constexpr int block = Int16::block;

class Int16Products : public test::OnEachIsa {};
INSTANTIATE_TEST_SUITE_P(Isas, Int16Products, test::all_isas, test::isa_name);

/// The fast arithmetic in 64-bit integers, of one row and one token.
float integer_model(const Int16Weights& row, const Int16Tokens& x, int64_t token) {
  float sum = 0;
  for (size_t b = 0; b < row.d.size(); ++b) {
    const size_t at = b * static_cast<size_t>(x.view.stride) + static_cast<size_t>(token);
    int64_t dot = 0;
    for (size_t k = 0; k < block; ++k) dot += int64_t{row.codes[b * block + k]} * x.codes[at * block + k];
    EXPECT_LE(std::abs(dot), std::numeric_limits<int32_t>::max());
    sum = std::fma(static_cast<float>(dot), bf16_to_f32(row.d[b]) * x.d[at], sum);
  }
  return sum;
}

/// Half a step of the weights, and half a step of the activations, away from the exact dot.
void expect_near(float got, const RandomMatrix& matrix, int row, const Int16Weights& integers, const float* x,
                 const Int16Tokens& tokens, int64_t token) {
  double exact = 0, bound = 0, magnitude = 0;
  for (int64_t k = 0; k < matrix.n_cols; ++k) {
    const auto w = static_cast<double>(matrix.values[static_cast<size_t>(row * matrix.n_cols + k)]);
    const auto value = static_cast<double>(x[k]);
    const auto b = static_cast<size_t>(k / block);
    const auto dw = static_cast<double>(bf16_to_f32(integers.d[b]));
    const auto dx = static_cast<double>(
        tokens.d[b * static_cast<size_t>(tokens.view.stride) + static_cast<size_t>(token)]);
    exact += w * value;
    // A step may be denormal, and so rounded.
    bound += (dx / 2 + 8192 * 0x1p-150) * (std::abs(w) + dw / 2) + dw / 2 * std::abs(value);
    magnitude += (std::abs(w) + dw) * (std::abs(value) + dx);
  }
  const auto n_blocks = static_cast<double>(integers.d.size());
  bound += (n_blocks + 3) * 0x1p-23 * magnitude + n_blocks * 0x1p-120;
  if (std::isfinite(exact) && magnitude < std::numeric_limits<float>::max()) {
    EXPECT_LE(std::abs(static_cast<double>(got) - exact), bound) << "token " << token << " row " << row;
  }
}

TEST_P(Int16Products, AreTheIntegerModelOfTheirOperandsAndNearTheExactDot) {
  const KernelTable& scalar = kernels_of(backend::Isa::scalar);
  for (const TensorType type : int16_types)
    for (const test::ProductCase& c : test::product_cases(type)) {
      const auto panels = c.matrix.int16_panels();
      const Int16Tokens x(scalar, c.x, test::product_cols, test::product_tokens, test::product_tokens + 1);
      const size_t panel = int16_panel_bytes(test::product_cols);
      for (const auto& [first, count] : {std::pair{0, test::product_tokens}, {4, 1}, {9, 2}}) {
        std::vector<float> out(static_cast<size_t>(count * test::product_rows));
        for (int p = 0; p < test::product_panels; p += max_tile_panels)
          table().fast[static_cast<int>(type)](panels.as<uint8_t>().data() + static_cast<size_t>(p) * panel,
                                               std::min(max_tile_panels, test::product_panels - p),
                                               test::product_cols, x.view, first, count,
                                               out.data() + p * count * panel_rows);
        for (int row = 0; row < test::product_rows; ++row) {
          const Int16Weights integers(scalar, type,
                                      c.matrix.file.data() + static_cast<size_t>(row) * c.matrix.row_bytes,
                                      test::product_cols);
          for (int t = 0; t < count; ++t) {
            const float got =
                out[static_cast<size_t>((row / panel_rows * count + t) * panel_rows + row % panel_rows)];
            const float model = integer_model(integers, x, first + t);
            ASSERT_TRUE(same_bits(got, model)) << info(type).name << ", " << c.name << ", token " << first + t
                                               << " row " << row << ": " << got << " " << model;
            expect_near(got, c.matrix, row, integers, c.x.data() + (first + t) * test::product_cols, x,
                        first + t);
          }
        }
      }
    }
}

TEST_P(Int16Products, BlocksOfEqualNumbersDoNotOverflow) {
  for (const float value : {1.0f, 3.999f, 65504.0f}) {
    const std::vector<uint16_t> row(block, f32_to_f16(value));
    const Int16Weights integers(table(), TensorType::f16, reinterpret_cast<const uint8_t*>(row.data()),
                                block);
    const Int16Tokens x(table(), std::vector<float>(block, -value), block, 1, 1);
    for (int k = 0; k < block; ++k) {
      EXPECT_LE(integers.codes[static_cast<size_t>(k)], int16_steps);
      EXPECT_EQ(x.codes[static_cast<size_t>(k)], -int16_steps);
    }
  }
  EXPECT_LE(int64_t{block} * int16_steps * int16_steps, std::numeric_limits<int32_t>::max());
}

TEST_P(Int16Products, ABlockThatIsNotFiniteIsNaN) {
  for (const TensorType type : int16_types)
    for (const float bad : {INFINITY, std::nanf("")}) {
      std::vector<float> x(2 * block, 1);
      x[3] = bad;
      std::vector<uint16_t> row(x.size());
      std::transform(x.begin(), x.end(), row.begin(),
                     [&](float v) { return type == TensorType::f16 ? f32_to_f16(v) : f32_to_bf16(v); });
      const Int16Weights integers(table(), type, reinterpret_cast<const uint8_t*>(row.data()), 2 * block);
      EXPECT_TRUE(std::isnan(bf16_to_f32(integers.d[0])));
      EXPECT_EQ(integers.codes[0], 0);
      EXPECT_NEAR(bf16_to_f32(integers.d[1]) * integers.codes[block], 1, 1e-4);
      const Int16Tokens tokens(table(), x, 2 * block, 1, 1);
      EXPECT_TRUE(std::isnan(tokens.d[0]));
      EXPECT_EQ(tokens.codes[0], 0);
      EXPECT_NEAR(tokens.d[1] * static_cast<float>(tokens.codes[block]), 1, 1e-4);
    }
}

}  // namespace
}  // namespace realizar::kernels
