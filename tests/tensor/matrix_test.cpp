#include "tensor/matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/error.hpp"
#include "kernels/dequantize.hpp"

namespace realizar::tensor {
namespace {

using kernels::TensorType;

std::vector<float> random_floats(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(n);
  for (float& x : out) x = normal(random);
  return out;
}

/// Q8_0 rows: an f16 scale of 1/64 and 32 codes.
std::vector<std::byte> random_q8(int64_t n_weights) {
  std::mt19937 random(1);
  std::vector<std::byte> file;
  for (int64_t block = 0; block < n_weights / 32; ++block) {
    file.push_back(std::byte{0x00});
    file.push_back(std::byte{0x24});
    for (int i = 0; i < 32; ++i) file.push_back(static_cast<std::byte>(random()));
  }
  return file;
}

std::vector<double> reference(const std::vector<float>& weights, const std::vector<float>& x, size_t n_cols) {
  std::vector<double> out;
  for (size_t t = 0; t < x.size(); t += n_cols)
    for (size_t r = 0; r < weights.size(); r += n_cols) {
      double sum = 0;
      for (size_t k = 0; k < n_cols; ++k) sum += double{weights[r + k]} * double{x[t + k]};
      out.push_back(sum);
    }
  return out;
}

TEST(Matrix, MultipliesRowsOfAnyNumberAndLength) {
  backend::ThreadPool pool(2);
  for (const auto& [n_rows, n_cols, n_tokens] :
       {std::tuple{1, 1, 1}, {16, 8, 3}, {17, 100, 2}, {40, 33, 130}, {70, 256, 66}}) {
    const auto weights = random_floats(static_cast<size_t>(n_rows * n_cols), 1);
    const auto x = random_floats(static_cast<size_t>(n_tokens * n_cols), 2);
    const Matrix matrix(TensorType::f32, n_rows, n_cols, 1, std::as_bytes(std::span(weights)),
                        Arithmetic::fast, pool);
    const auto y = matrix.matmul(x);
    const auto expected = reference(weights, x, static_cast<size_t>(n_cols));
    ASSERT_EQ(y.size(), expected.size());
    for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-4);
  }
}

TEST(Matrix, TakesIntegersAndDoublesAsF32) {
  backend::ThreadPool pool(1);
  const std::vector<double> doubles = {1, 2, 3, 4};
  const Matrix matrix(TensorType::f64, 2, 2, 1, std::as_bytes(std::span(doubles)), Arithmetic::fast, pool);
  EXPECT_EQ(matrix.type(), TensorType::f32);
  EXPECT_EQ(matrix.matmul(std::vector<float>{10, 1}), (std::vector<float>{12, 34}));
}

TEST(Matrix, FastIsCloseToExact) {
  backend::ThreadPool pool(2);
  const auto file = random_q8(24 * 64);
  const auto x = random_floats(3 * 64, 3);
  std::vector<float> weights(24 * 64);
  kernels::dequantize(TensorType::q8_0, reinterpret_cast<const uint8_t*>(file.data()), weights.size(),
                      weights.data());
  const auto expected = reference(weights, x, 64);
  const Matrix exact(TensorType::q8_0, 24, 64, 1, file, Arithmetic::exact, pool);
  const Matrix fast(TensorType::q8_0, 24, 64, 1, file, Arithmetic::fast, pool);
  const auto a = exact.matmul(x), b = fast.matmul(x);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(a[i], expected[i], 1e-4);
    EXPECT_NEAR(b[i], expected[i], 0.5);
  }
}

TEST(Matrix, CountsPanelsOverAllItsMatrices) {
  backend::ThreadPool pool(1);
  const auto file = random_q8(3 * 20 * 32);  // three matrices of (20, 32)
  const Matrix all(TensorType::q8_0, 20, 32, 3, file, Arithmetic::exact, pool);
  ASSERT_EQ(all.panels_per_matrix(), 2);
  const std::span<const std::byte> third = std::span(file).subspan(2 * file.size() / 3);
  const Matrix alone(TensorType::q8_0, 20, 32, 1, third, Arithmetic::exact, pool);
  const auto x = random_floats(32, 4);
  ProductInput input(32);
  input.reset(1, 32, all.forms());
  input.fill(0, x);
  std::vector<float> y(20);
  all.matmul(input, {4, 2, 0, 1}, [&](int64_t row, int n_rows, int64_t, int, const float* tile) {
    std::copy_n(tile, n_rows, y.begin() + row);
  });
  EXPECT_EQ(y, alone.matmul(x));
}

TEST(Matrix, PutsTilesWhereTheCallerWants) {
  backend::ThreadPool pool(1);
  const Matrix matrix(TensorType::q8_0, 100, 32, 1, random_q8(100 * 32), Arithmetic::fast, pool);
  ProductInput input(5 * 32);
  input.reset(5, 32, matrix.forms());
  for (int64_t t = 0; t < 5; ++t) input.fill(t, random_floats(32, static_cast<unsigned>(t)));
  const ProductPart part{1, 6, 2, 3};  // more panels than a kernel takes at once
  std::vector<float> expected, tiles(6 * 3 * 16);
  matrix.matmul(input, part, [&](int64_t, int, int64_t, int n, const float* tile) {
    expected.insert(expected.end(), tile, tile + n * 16);
  });
  matrix.matmul_tiles(input, part, tiles);
  EXPECT_EQ(tiles, expected);
}

template <class Fn>
void expect_refused(ErrorKind kind, Fn fn) {
  try {
    fn();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
  }
}

TEST(Matrix, RefusesShapesThatDoNotFit) {
  backend::ThreadPool pool(1);
  const auto weights = random_floats(32 * 32, 1);
  const auto bytes = std::as_bytes(std::span(weights));
  const auto refused = [](auto fn) { expect_refused(ErrorKind::invalid_argument, fn); };
  refused([&] { Matrix(TensorType::f32, 31, 32, 1, bytes, Arithmetic::fast, pool); });
  refused([&] { Matrix(TensorType::f32, 0, 32, 1, {}, Arithmetic::fast, pool); });
  refused([&] { Matrix(TensorType::q8_0, 32, 32, 1, bytes, Arithmetic::fast, pool); });
  refused([&] { Matrix(TensorType::f64, 32, 32, 1, bytes, Arithmetic::fast, pool); });
  refused([&] { Matrix(TensorType::q8_0, 32, 33, 1, bytes, Arithmetic::fast, pool); });
  const Matrix matrix(TensorType::f32, 32, 32, 1, bytes, Arithmetic::fast, pool);
  refused([&] { matrix.matmul(std::vector<float>(33)); });
  refused([&] { matrix.matmul(std::vector<float>()); });
  const auto sink = [](int64_t, int, int64_t, int, float*) {};
  ProductInput input(4 * 32);
  input.reset(2, 32, {.floats = true});
  refused([&] { matrix.matmul(input, {0, 3, 0, 1}, sink); });
  refused([&] { matrix.matmul(input, {-1, 1, 0, 1}, sink); });
  refused([&] { matrix.matmul(input, {0, 2, 1, 2}, sink); });
  std::vector<float> tiles(32);
  refused([&] { matrix.matmul_tiles(input, {0, 2, 0, 2}, tiles); });
  ProductInput many(65 * 32);
  many.reset(65, 32, {.floats = true});
  tiles.resize(2 * 65 * 16);
  refused([&] { matrix.matmul_tiles(many, {0, 2, 0, 65}, tiles); });
  input.reset(2, 64, {.floats = true});
  refused([&] { matrix.matmul(input, {0, 2, 0, 2}, sink); });
  const Matrix quantised(TensorType::q8_0, 32, 64, 1, random_q8(32 * 64), Arithmetic::fast, pool);
  refused([&] { quantised.matmul(input, {0, 2, 0, 2}, sink); });  // the input has no int8 form
  expect_refused(ErrorKind::internal, [&] { input.reset(5, 32, {}); });
  refused([&] { input.fill(0, std::vector<float>(3)); });
}

}  // namespace
}  // namespace realizar::tensor
