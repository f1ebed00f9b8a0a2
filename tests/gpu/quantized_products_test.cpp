#include "gpu/quantized_products.hpp"

#include <gtest/gtest.h>

#include <random>

#include "gpu/async_gpu_result.hpp"
#include "gpu/software_gpu.hpp"
#include "kernels/random_inputs.hpp"
#include "support/nmse.hpp"
#include "support/test_name.hpp"
#include "tensor/matrix.hpp"

namespace realizar::gpu {
namespace {

using kernels::TensorType;
using kernels::test::RandomMatrix;
using Floats = std::vector<float>;
using IntegerDot = QuantizedProducts::IntegerDot;

constexpr TensorType types[] = {TensorType::q4_0,  TensorType::q4_1, TensorType::q5_0,   TensorType::q5_1,
                                TensorType::q8_0,  TensorType::q2_k, TensorType::q3_k,   TensorType::q4_k,
                                TensorType::q5_k,  TensorType::q6_k, TensorType::iq4_nl, TensorType::iq4_xs,
                                TensorType::tq1_0, TensorType::tq2_0};

class QuantizedProductsTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (device_) pool_ = std::make_unique<GpuBufferPool>(device_);
  }

  GpuMatrix send(const RandomMatrix& matrix, uint64_t plane_bytes = ~uint64_t{0}) {
    return {*device_,      *pool_,        matrix.type, std::as_bytes(std::span(matrix.file)),
            matrix.n_rows, matrix.n_cols, plane_bytes};
  }

  /// x (n_tokens, n_cols) times the rows of a matrix.
  Floats multiply(const RandomMatrix& matrix, const Floats& x,
                  IntegerDot integer_dot = IntegerDot::where_there) {
    return multiply(send(matrix), x, integer_dot);
  }
  Floats multiply(const GpuMatrix& weights, const Floats& x,
                  IntegerDot integer_dot = IntegerDot::where_there) {
    QuantizedProducts products(device_, *pool_, integer_dot);
    const auto n_tokens = static_cast<int64_t>(x.size()) / weights.n_cols();
    const auto n_results = static_cast<size_t>(n_tokens * weights.n_rows());
    const GpuBuffer in = pool_->acquire(x.size() * 4), out = pool_->acquire(n_results * 4);
    device_->write(in.get(), 0, std::as_bytes(std::span(x)));
    webgpu::Commands commands(*device_);
    const GpuTokens tokens =
        products.quantize(commands, in.binding(), n_tokens, weights.n_cols(), weights.layout().block);
    products.multiply(commands, tokens, weights, out.binding());
    GpuBuffer readback = pool_->acquire(n_results * 4, webgpu::BufferUse::readback);
    commands.copy(out.get(), 0, readback.get(), 0, n_results * 4);
    return AsyncGpuResult(device_, std::move(commands), std::move(readback), n_results).take();
  }

  std::unique_ptr<GpuBufferPool> pool_;
};

Floats on_the_cpu(const RandomMatrix& matrix, const Floats& x) {
  backend::ThreadPool pool(1);
  return tensor::Matrix(matrix.type, matrix.n_rows, matrix.n_cols, 1, std::as_bytes(std::span(matrix.file)),
                        tensor::Arithmetic::fast, pool)
      .matmul(x);
}

class EachFormat : public QuantizedProductsTest, public testing::WithParamInterface<TensorType> {};

TEST_P(EachFormat, GivesWhatTheFastProductsOfTheCpuGive) {
  std::mt19937 random(1);
  // Neither rows nor columns nor tokens fill what kernels take at once.
  const int64_t columns = kernels::info(GetParam()).block == 32 ? 800 : 768;
  const RandomMatrix matrix(random, GetParam(), 45, columns, true);
  const Floats x = kernels::test::random_floats(random, static_cast<size_t>(11 * columns));
  EXPECT_LT(test::nmse(multiply(matrix, x), on_the_cpu(matrix, x)), 1e-9);
}

TEST_P(EachFormat, APlainDotHasTheSameBits) {
  std::mt19937 random(2);
  const RandomMatrix matrix(random, GetParam(), 9, 256, true);
  const Floats x = kernels::test::random_floats(random, 2 * 256);
  EXPECT_EQ(multiply(matrix, x, IntegerDot::plain), multiply(matrix, x));
}

INSTANTIATE_TEST_SUITE_P(QuantizedProducts, EachFormat, testing::ValuesIn(types),
                         [](const auto& param) { return test::test_name(kernels::info(param.param).name); });

TEST_F(QuantizedProductsTest, ATokenHasTheSameBitsWhateverStandsBesideIt) {
  std::mt19937 random(3);
  const RandomMatrix matrix(random, TensorType::q4_k, 24, 1024, true);
  const Floats x = kernels::test::random_floats(random, 13 * 1024);
  const Floats all = multiply(matrix, x);
  for (const size_t n : {1, 3, 5, 12}) {
    const Floats some = multiply(matrix, Floats(x.begin(), x.begin() + static_cast<long>(n * 1024)));
    EXPECT_EQ(some, Floats(all.begin(), all.begin() + static_cast<long>(n * 24))) << n;
  }
}

TEST_F(QuantizedProductsTest, WeightsInPartsHaveTheSameBits) {
  std::mt19937 random(6);
  const RandomMatrix matrix(random, TensorType::q6_k, 45, 512, true);
  const Floats x = kernels::test::random_floats(random, 3 * 512);
  const GpuMatrix whole = send(matrix), parts = send(matrix, 4096);
  EXPECT_EQ(whole.parts().size(), 1u);
  EXPECT_EQ(parts.parts().size(), 3u);
  EXPECT_EQ(parts.bytes(), whole.bytes());
  EXPECT_EQ(multiply(parts, x), multiply(whole, x));
  EXPECT_EQ(thrown([&] { send(matrix, 2000); }), ErrorKind::limit_exceeded);
}

TEST_F(QuantizedProductsTest, WhatIsNotFiniteSpoilsItsTokenOnly) {
  std::mt19937 random(4);
  const RandomMatrix matrix(random, TensorType::q8_0, 8, 256, true);
  Floats x = kernels::test::random_floats(random, 3 * 256);
  const Floats before = multiply(matrix, x);
  x[256 + 100] = std::numeric_limits<float>::infinity();
  const Floats after = multiply(matrix, x);
  for (size_t i = 0; i < before.size(); ++i) {
    if (i / 8 == 1)
      EXPECT_TRUE(std::isnan(after[i])) << i;
    else
      EXPECT_EQ(after[i], before[i]) << i;
  }
}

TEST_F(QuantizedProductsTest, RefusesTokensOfAnotherShape) {
  std::mt19937 random(5);
  const RandomMatrix matrix(random, TensorType::q4_k, 8, 256, true);
  const GpuMatrix weights = send(matrix);
  QuantizedProducts products(device_, *pool_);
  const GpuBuffer in = pool_->acquire(4 * 512), out = pool_->acquire(4 * 8);
  webgpu::Commands commands(*device_);
  EXPECT_EQ(thrown([&] { products.quantize(commands, in.binding(), 1, 256, 64); }),
            ErrorKind::invalid_argument);
  const GpuTokens longer = products.quantize(commands, in.binding(), 1, 512, 256),
                  finer = products.quantize(commands, in.binding(), 1, 256, 32);
  for (const GpuTokens* const tokens : {&longer, &finer})
    EXPECT_EQ(thrown([&] { products.multiply(commands, *tokens, weights, out.binding()); }),
              ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace realizar::gpu
