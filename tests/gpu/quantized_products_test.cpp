#include "gpu/quantized_products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "gpu/async_gpu_result.hpp"
#include "gpu/software_gpu.hpp"
#include "gpu/webgpu/layout_types.hpp"
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

class QuantizedProductsTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (!device_) return;
    pool_ = std::make_unique<GpuBufferPool>(device_);
    sender_ = std::make_unique<WeightSender>(*device_);
  }

  static constexpr uint64_t no_limit = ~uint64_t{0};

  /// The rows as so many matrices.
  GpuMatrix send(const RandomMatrix& matrix, uint64_t plane_bytes = no_limit, int64_t n_matrices = 1) {
    return send(std::vector{&matrix}, Arrangement::one_after_other, plane_bytes, n_matrices);
  }
  GpuMatrix send(const std::vector<const RandomMatrix*>& matrices, Arrangement arrangement,
                 uint64_t plane_bytes = no_limit, int64_t n_matrices = 1) {
    std::vector<MatrixRows> sources;
    for (const RandomMatrix* matrix : matrices)
      sources.push_back({std::as_bytes(std::span(matrix->file)), matrix->n_rows / n_matrices, n_matrices});
    return {*sender_,           *pool_,      matrices[0]->type, matrices[0]->n_cols,
            std::move(sources), arrangement, plane_bytes};
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
    webgpu::Recording recording(*device_);
    const GpuTokens tokens =
        products.quantize(recording, in.binding(), {0, static_cast<uint32_t>(weights.n_cols())}, n_tokens,
                          weights.n_cols(), weights.layout().block);
    products.multiply(recording, tokens, weights, out.binding(),
                      {0, static_cast<uint32_t>(weights.n_rows())});
    webgpu::Commands commands(*device_);
    commands.run(recording);
    GpuBuffer readback = pool_->acquire(n_results * 4, webgpu::BufferUse::readback);
    commands.copy(out.get(), 0, readback.get(), 0, n_results * 4);
    return AsyncGpuResult(device_, std::move(commands), std::move(readback), n_results).take();
  }

  std::unique_ptr<GpuBufferPool> pool_;
  std::unique_ptr<WeightSender> sender_;
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

TEST_P(EachFormat, ATokenAloneHasTheSameBits) {
  std::mt19937 random(11);
  // Two steps in most stretches of a row, one in the last.
  const RandomMatrix matrix(random, GetParam(), 9, 17 * 256, true);
  const Floats x = kernels::test::random_floats(random, 2 * 17 * 256);
  const Floats both = multiply(matrix, x), one = multiply(matrix, Floats(x.begin(), x.begin() + 17 * 256));
  EXPECT_EQ(one, Floats(both.begin(), both.begin() + 9));
}

INSTANTIATE_TEST_SUITE_P(QuantizedProducts, EachFormat, testing::ValuesIn(test::layout_types),
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
  const GpuMatrix whole = send(matrix), parts = send(matrix, 8192);
  EXPECT_EQ(whole.parts().size(), 1u);
  EXPECT_EQ(parts.parts().size(), 2u);
  EXPECT_EQ(multiply(parts, x), multiply(whole, x));
  EXPECT_EQ(thrown([&] { send(matrix, 8000); }), ErrorKind::limit_exceeded);
}

/// Five matrices of 16 rows one after the other, of which every token has two, in other parts than whole
/// ones.
class SeveralMatrices : public QuantizedProductsTest {
 protected:
  static constexpr int64_t n_rows = 16, n_cols = 512, n_tokens = 6, n_used = 2;

  /// Results (n_tokens, n_used, n_rows), where `x` has n_heads inputs of each token.
  Floats multiply_chosen(MatrixChoice::Kind kind, const Floats& x, int n_heads,
                         const ProductEpilogue& epilogue = {}) {
    const GpuMatrix weights = send(matrix_, 16384, 5);
    EXPECT_GT(weights.parts().size(), 2u);
    QuantizedProducts products(device_, *pool_);
    const size_t n_results = n_tokens * n_used * n_rows;
    Floats numbers = chosen_;
    numbers.insert(numbers.end(), lots_.begin(), lots_.end());
    const GpuBuffer in = pool_->acquire(x.size() * 4), out = pool_->acquire((numbers.size() + n_results) * 4);
    device_->write(in.get(), 0, std::as_bytes(std::span(x)));
    device_->write(out.get(), 0, std::as_bytes(std::span(numbers)));
    webgpu::Recording recording(*device_);
    const GpuTokens tokens =
        products.quantize(recording, in.binding(), {0, static_cast<uint32_t>(n_heads * n_cols)}, n_tokens,
                          n_cols, 256, {n_heads, n_cols});
    MatrixChoice choice{kind, n_used, n_rows, {0, n_used}};
    if (kind == MatrixChoice::Kind::grouped) {
      choice.chosen.at = static_cast<uint32_t>(chosen_.size());
      choice.lots_at = static_cast<uint32_t>(2 * chosen_.size());
      choice.most_lots = 6;
    }
    products.multiply(recording, tokens, weights, out.binding(),
                      {static_cast<uint32_t>(numbers.size()), n_used * n_rows}, epilogue, choice);
    webgpu::Commands commands(*device_);
    commands.run(recording);
    GpuBuffer readback = pool_->acquire(n_results * 4, webgpu::BufferUse::readback);
    commands.copy(out.get(), numbers.size() * 4, readback.get(), 0, n_results * 4);
    return AsyncGpuResult(device_, std::move(commands), std::move(readback), n_results).take();
  }

  /// The same out of the products of every input with all rows.
  Floats expected(MatrixChoice::Kind kind, const Floats& x, int n_heads) {
    const Floats all = multiply(matrix_, x);
    Floats out;
    for (int64_t pair = 0; pair < n_tokens * n_used; ++pair) {
      const int64_t input = n_heads == 1 ? pair / n_used : pair,
                    matrix = kind == MatrixChoice::Kind::every
                                 ? pair % n_used
                                 : static_cast<int64_t>(chosen_[static_cast<size_t>(pair)]);
      const auto first = all.begin() + input * 5 * n_rows + matrix * n_rows;
      out.insert(out.end(), first, first + n_rows);
    }
    return out;
  }

  std::mt19937 random_{7};
  const RandomMatrix matrix_{random_, TensorType::q4_k, 5 * n_rows, n_cols, true};
  const Floats chosen_ = {0, 1, 3, 4, 1, 2, 2, 4, 0, 4, 2, 3};
  const Floats lots_ = {0, 8, 1, 4, 5, 6, 10, 2, 11, 3, 7, 9,               // pairs by matrix
                        5, 0, 0, 2, 1, 2, 2,  2, 4,  3, 3, 7, 2, 4, 9, 3};  // matrix, first pair, count
  const Floats x_ = kernels::test::random_floats(random_, n_tokens*n_cols),
               each_ = kernels::test::random_floats(random_, n_tokens*n_used*n_cols);
};

TEST_F(SeveralMatrices, HaveTheBitsOfOne) {
  for (const MatrixChoice::Kind kind :
       {MatrixChoice::Kind::every, MatrixChoice::Kind::chosen, MatrixChoice::Kind::grouped}) {
    EXPECT_EQ(multiply_chosen(kind, x_, 1), expected(kind, x_, 1));
    EXPECT_EQ(multiply_chosen(kind, each_, n_used), expected(kind, each_, n_used));
  }
}

TEST_F(SeveralMatrices, HaveScalesAndBiasesOfTheirOwn) {
  Floats vectors = {1, 2, 0.5f, -1, 4};
  const Floats biases = kernels::test::random_floats(random_, 5 * n_rows);
  vectors.insert(vectors.end(), biases.begin(), biases.end());
  const GpuBuffer buffer = pool_->acquire(vectors.size() * 4);
  device_->write(buffer.get(), 0, std::as_bytes(std::span(vectors)));
  const ProductEpilogue epilogue{
      .scales_differ = true, .has_bias = true, .scales_at = 0, .bias_at = 5, .vectors = buffer.binding()};
  Floats out = expected(MatrixChoice::Kind::chosen, x_, 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto matrix = static_cast<size_t>(chosen_[i / n_rows]);
    out[i] = std::fma(vectors[matrix], out[i], biases[matrix * n_rows + i % n_rows]);
  }
  EXPECT_LT(test::nmse(multiply_chosen(MatrixChoice::Kind::chosen, x_, 1, epilogue), out), 1e-12);
}

TEST_F(QuantizedProductsTest, ManyTokensHaveTheSameBits) {
  std::mt19937 random(8);
  // Enough rows and tokens for workgroups whose lines have panels of their own.
  const RandomMatrix matrix(random, TensorType::q4_k, 2080, 512, true);
  const Floats x = kernels::test::random_floats(random, 500 * 512);
  const Floats all = multiply(matrix, x), one = multiply(matrix, Floats(x.end() - 512, x.end()));
  EXPECT_EQ(Floats(all.end() - 2080, all.end()), one);
}

TEST_F(QuantizedProductsTest, ATokenAloneHasTheSameBitsWithManyRows) {
  std::mt19937 random(12);
  // So many that fewer threads share a step.
  constexpr size_t n_rows = 33000;
  const RandomMatrix matrix(random, TensorType::q4_k, n_rows, 256, true);
  const Floats x = kernels::test::random_floats(random, 2 * 256);
  const Floats both = multiply(matrix, x), one = multiply(matrix, Floats(x.begin(), x.begin() + 256));
  EXPECT_EQ(one, Floats(both.begin(), both.begin() + n_rows));
}

TEST_F(QuantizedProductsTest, AProductQuantisesNumbersWithTheirPeaksItself) {
  constexpr int64_t n_between = 700, n_rows = 45;
  std::mt19937 random(13);
  for (const TensorType type : {TensorType::q4_k, TensorType::q6_k}) {
    const RandomMatrix first(random, TensorType::q8_0, n_between, 320, true),
        second(random, type, n_rows, 768, true);
    const GpuMatrix makes = send(first), takes = send(second);
    QuantizedProducts products(device_, *pool_);
    ASSERT_TRUE(products.takes_numbers(takes));
    const Floats x = kernels::test::random_floats(random, 320);
    // The input, then what is between, filled up, then results by either way.
    const GpuBuffer numbers = pool_->acquire(2048 * 4), peaks = pool_->acquire(256);
    const Floats zeros(2048);
    device_->write(numbers.get(), 0, std::as_bytes(std::span(zeros)));
    device_->write(numbers.get(), 0, std::as_bytes(std::span(x)));
    device_->write(peaks.get(), 0, std::as_bytes(std::span(zeros).first(64)));
    const Peaks kept{peaks.binding(), 3};
    webgpu::Recording recording(*device_);
    const GpuTokens input = products.quantize(recording, numbers.binding(), {0, 320}, 1, 320, 32);
    products.multiply(recording, input, makes, numbers.binding(), {320, n_between}, {}, {}, kept);
    products.multiply(recording, PeakedNumbers{320, 768, kept}, takes, numbers.binding(), {1200, n_rows});
    const GpuTokens between = products.quantize(recording, numbers.binding(), {320, 768}, 1, 768, 256);
    products.multiply(recording, between, takes, numbers.binding(), {1300, n_rows});
    webgpu::Commands commands(*device_);
    commands.run(recording);
    GpuBuffer readback = pool_->acquire(2048 * 4, webgpu::BufferUse::readback);
    commands.copy(numbers.get(), 0, readback.get(), 0, 2048 * 4);
    const Floats out = AsyncGpuResult(device_, std::move(commands), std::move(readback), 2048).take();
    EXPECT_EQ(Floats(out.begin() + 1200, out.begin() + 1200 + n_rows),
              Floats(out.begin() + 1300, out.begin() + 1300 + n_rows));
    EXPECT_NE(out[1200], 0);
  }
}

TEST_F(QuantizedProductsTest, GatesQuantiseNumbersForOneSetOfRowsAfterTheOther) {
  constexpr int64_t n_cols = 8192, n_rows = 1040, n_peaks = n_cols / 256;
  std::mt19937 random(14);
  const RandomMatrix gate(random, TensorType::q4_k, n_rows, n_cols, true),
      up(random, TensorType::q4_k, n_rows, n_cols, true);
  const GpuMatrix weights = send({&gate, &up}, Arrangement::by_turns);
  QuantizedProducts products(device_, *pool_);
  ASSERT_TRUE(products.takes_numbers(weights));
  // The input, then results by either way.
  Floats numbers = kernels::test::random_floats(random, n_cols), peaks(n_peaks);
  for (size_t i = 0; i < n_cols; ++i) peaks[i / 256] = std::max(peaks[i / 256], std::abs(numbers[i]));
  numbers.resize(n_cols + 2 * n_rows);
  const GpuBuffer buffer = pool_->acquire(numbers.size() * 4), kept = pool_->acquire(n_peaks * 4);
  device_->write(buffer.get(), 0, std::as_bytes(std::span(numbers)));
  device_->write(kept.get(), 0, std::as_bytes(std::span(peaks)));
  webgpu::Recording recording(*device_);
  products.multiply(recording, PeakedNumbers{0, n_cols, {kept.binding()}}, weights, buffer.binding(),
                    {n_cols, n_rows});
  const GpuTokens tokens = products.quantize(recording, buffer.binding(), {0, n_cols}, 1, n_cols, 256);
  products.multiply(recording, tokens, weights, buffer.binding(), {n_cols + n_rows, n_rows});
  webgpu::Commands commands(*device_);
  commands.run(recording);
  GpuBuffer readback = pool_->acquire(2 * n_rows * 4, webgpu::BufferUse::readback);
  commands.copy(buffer.get(), n_cols * 4, readback.get(), 0, 2 * n_rows * 4);
  const Floats out = AsyncGpuResult(device_, std::move(commands), std::move(readback), 2 * n_rows).take();
  EXPECT_EQ(Floats(out.begin(), out.begin() + n_rows), Floats(out.begin() + n_rows, out.end()));
  EXPECT_NE(out[n_rows - 1], 0);
}

TEST_F(QuantizedProductsTest, GatesStandByTurnsWithWhatTheyGate) {
  std::mt19937 random(9);
  const RandomMatrix gate(random, TensorType::q5_k, 45, 512, true),
      up(random, TensorType::q5_k, 45, 512, true);
  const GpuMatrix both = send({&gate, &up}, Arrangement::by_turns);
  EXPECT_EQ(both.n_rows(), 45);
  for (const size_t n_tokens : {1, 5}) {
    const Floats x = kernels::test::random_floats(random, n_tokens * 512);
    const Floats gates = multiply(gate, x), ups = multiply(up, x), gated = multiply(both, x);
    for (size_t i = 0; i < gated.size(); ++i) {
      const float expected = gates[i] / (1 + std::exp(-gates[i])) * ups[i];
      EXPECT_NEAR(gated[i], expected, 1e-5f * (1 + std::abs(expected))) << i;
    }
  }
  const GpuMatrix parts = send({&gate, &up}, Arrangement::by_turns, 16384);
  EXPECT_EQ(parts.parts().size(), 2u);
  const Floats x = kernels::test::random_floats(random, 3 * 512);
  EXPECT_EQ(multiply(parts, x), multiply(both, x));
}

TEST_F(QuantizedProductsTest, TensorsOneAfterTheOtherAreOne) {
  std::mt19937 random(10);
  const RandomMatrix first(random, TensorType::q4_0, 64, 288, true),
      second(random, TensorType::q4_0, 45, 288, true);
  const Floats x = kernels::test::random_floats(random, 2 * 288);
  const Floats joined = multiply(send({&first, &second}, Arrangement::one_after_other), x),
               firsts = multiply(first, x), seconds = multiply(second, x);
  for (size_t t = 0; t < 2; ++t)
    for (size_t row = 0; row < 109; ++row)
      EXPECT_EQ(joined[t * 109 + row], row < 64 ? firsts[t * 64 + row] : seconds[t * 45 + row - 64]);
  EXPECT_EQ(thrown([&] {
              send({&second, &first}, Arrangement::one_after_other);
            }),
            ErrorKind::invalid_argument);
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

TEST_F(QuantizedProductsTest, RefusesFilesOfAnotherSize) {
  const std::vector<std::byte> file(18);
  const auto send = [&](int64_t n_rows, int64_t n_cols) {
    GpuMatrix(*sender_, *pool_, TensorType::q4_0, n_cols, {{file, n_rows}});
  };
  EXPECT_NO_THROW(send(1, 32));
  EXPECT_EQ(thrown([&] { send(1, 33); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { send(2, 32); }), ErrorKind::invalid_argument);
}

TEST_F(QuantizedProductsTest, RefusesTokensOfAnotherShape) {
  std::mt19937 random(5);
  const RandomMatrix matrix(random, TensorType::q4_k, 8, 256, true);
  const GpuMatrix weights = send(matrix);
  QuantizedProducts products(device_, *pool_);
  const GpuBuffer in = pool_->acquire(4 * 512), out = pool_->acquire(4 * 8);
  webgpu::Recording recording(*device_);
  EXPECT_EQ(thrown([&] {
              products.quantize(recording, in.binding(), {0, 256}, 1, 256, 64);
            }),
            ErrorKind::invalid_argument);
  const GpuTokens longer = products.quantize(recording, in.binding(), {0, 512}, 1, 512, 256),
                  finer = products.quantize(recording, in.binding(), {0, 256}, 1, 256, 32);
  for (const GpuTokens* const tokens : {&longer, &finer})
    EXPECT_EQ(thrown([&] {
                products.multiply(recording, *tokens, weights, out.binding(), {0, 8});
              }),
              ErrorKind::invalid_argument);
  const GpuTokens heads = products.quantize(recording, in.binding(), {0, 512}, 1, 256, 256, {2, 256});
  EXPECT_EQ(thrown([&] {
              products.multiply(recording, heads, weights, out.binding(), {0, 8});
            }),
            ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace realizar::gpu
