#include "gpu/gpu_compute.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "gpu/software_gpu.hpp"
#include "tensor/vector.hpp"

namespace realizar::gpu {
namespace {

using Floats = std::vector<float>;

Floats random_numbers(size_t n, unsigned seed, float most = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> number(-most, most);
  Floats numbers(n);
  for (float& x : numbers) x = number(engine);
  return numbers;
}

class GpuComputeTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (device_) gpu_ = std::make_unique<GpuCompute>(device_);
  }
  std::unique_ptr<GpuCompute> gpu_;
};

TEST_F(GpuComputeTest, MultipliesByHand) {
  // Two tokens, three rows of two columns.
  EXPECT_EQ(gpu_->matmul(Floats{1, 2, 3, 4}, Floats{1, 0, 0, 1, 1, 1}, 2), (Floats{1, 2, 3, 3, 4, 7}));
}

TEST_F(GpuComputeTest, ProductsAreFmasInTheOrderOfTheColumns) {
  for (const auto& [tokens, rows, columns] :
       {std::array{1, 1, 1}, {5, 33, 70}, {17, 16, 256}, {1, 300, 31}}) {
    const Floats x = random_numbers(static_cast<size_t>(tokens * columns), 1),
                 w = random_numbers(static_cast<size_t>(rows * columns), 2);
    const Floats out = gpu_->matmul(x, w, columns);
    ASSERT_EQ(out.size(), static_cast<size_t>(tokens * rows));
    for (int t = 0; t < tokens; ++t)
      for (int r = 0; r < rows; ++r) {
        float sum = 0;
        for (int k = 0; k < columns; ++k)
          sum =
              std::fma(x[static_cast<size_t>(t * columns + k)], w[static_cast<size_t>(r * columns + k)], sum);
        // A GPU may flush denormals or take an FMA for two operations.
        EXPECT_NEAR(out[static_cast<size_t>(t * rows + r)], sum, 1e-5) << t << " " << r << " of " << columns;
      }
  }
}

TEST_F(GpuComputeTest, ARowHasTheSameBitsWhateverStandsBesideIt) {
  const size_t columns = 1000, rows = 40, tokens = 35;
  const Floats x = random_numbers(tokens * columns, 3), w = random_numbers(rows * columns, 4);
  const Floats all = gpu_->matmul(x, w, columns);
  for (const size_t t : {size_t{0}, size_t{7}, size_t{34}}) {
    const Floats one = gpu_->matmul(std::span(x).subspan(t * columns, columns), w, columns);
    EXPECT_EQ(one, Floats(all.begin() + static_cast<long>(t * rows),
                          all.begin() + static_cast<long>((t + 1) * rows)));
  }
}

TEST_F(GpuComputeTest, DotsOfAnyLength) {
  for (const size_t n : {0, 1, 255, 4096, 4097, 300000}) {
    const Floats a = random_numbers(n, 5), b = random_numbers(n, 6);
    const double expected = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
    EXPECT_NEAR(gpu_->dot(a, b), expected, 1e-6 * static_cast<double>(n) + 1e-6) << n;
  }
}

TEST_F(GpuComputeTest, ActivationsAreThoseOfTheCpu) {
  Floats gate = random_numbers(1000, 7, 6), up = random_numbers(1000, 8, 6);
  gate.insert(gate.end(), {0, -100, 100, -3e4, 3e4, 1e-6f, 20, -20});
  up.resize(gate.size(), 0.5f);
  for (int i = 0; i < kernels::n_activations; ++i) {
    const auto activation = static_cast<Activation>(i);
    Floats expected(gate.size());
    const auto compare = [&](const Floats& out) {
      ASSERT_EQ(out.size(), expected.size());
      for (size_t j = 0; j < out.size(); ++j)
        EXPECT_NEAR(out[j], expected[j], 2e-6 * std::abs(expected[j]) + 2e-6)
            << i << " of " << gate[j] << ", " << up[j];
    };
    tensor::activate(activation, gate, up, expected);
    compare(gpu_->activate(activation, gate, up));
    if (activation == Activation::swiglu_oai) continue;
    tensor::activate(activation, gate, expected);
    compare(gpu_->activate(activation, gate));
  }
  EXPECT_TRUE(gpu_->activate(Activation::relu, {}).empty());
}

TEST_F(GpuComputeTest, SoftmaxIsThatOfTheCpu) {
  for (const size_t n : {1, 2, 256, 1000}) {
    const Floats x = random_numbers(n, 9, 30);
    Floats expected = x;
    tensor::softmax(expected);
    const Floats out = gpu_->softmax(x);
    ASSERT_EQ(out.size(), n);
    for (size_t i = 0; i < n; ++i) EXPECT_NEAR(out[i], expected[i], 2e-5 * expected[i] + 1e-30) << n;
  }
  EXPECT_TRUE(gpu_->softmax({}).empty());
}

TEST_F(GpuComputeTest, RefusesWhatDoesNotFit) {
  const Floats two(2), three(3);
  EXPECT_EQ(thrown([&] { gpu_->dot(two, three); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { gpu_->matmul(three, two, 2); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { gpu_->matmul(two, two, 0); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { gpu_->activate(Activation::silu, two, three); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { gpu_->activate(Activation::swiglu_oai, two); }), ErrorKind::invalid_argument);
}

TEST_F(GpuComputeTest, ItsMemoryLimitHolds) {
  GpuCompute small(device_, 4096);
  EXPECT_EQ(thrown([&] { small.softmax(Floats(2000)); }), ErrorKind::out_of_memory);
  EXPECT_EQ(small.softmax(Floats(2)), (Floats{0.5, 0.5})) << "it works on";
}

TEST_F(GpuComputeTest, OperationsUseBuffersAgain) {
  const Floats x(500, 1);
  gpu_->softmax(x);
  const uint64_t made = gpu_->pool().statistics().n_made;
  for (int i = 0; i < 5; ++i) gpu_->softmax(x);
  EXPECT_EQ(gpu_->pool().statistics().n_made, made);
  EXPECT_EQ(gpu_->pool().statistics().in_use, 0u);
}

TEST(GpuComputeChoice, AnUnknownNameIsAnErrorThatListsTheGpus) {
  try {
    webgpu::Device::open(test_gpu_name());
  } catch (const Error&) {
    GTEST_SKIP() << "no GPU for tests";
  }
  std::string message;
  EXPECT_EQ(thrown([] { GpuCompute({.gpu = "no such GPU"}); }, &message), ErrorKind::invalid_argument);
  EXPECT_NE(message.find("no GPU is named 'no such GPU'; there are: '"), std::string::npos) << message;
}

}  // namespace
}  // namespace realizar::gpu
