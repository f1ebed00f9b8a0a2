#include "gpu/hybrid_scheduler.hpp"

#include <gtest/gtest.h>

#include "gpu/software_gpu.hpp"

namespace realizar::gpu {
namespace {

using Floats = std::vector<float>;
using Target = HybridScheduler::Target;

TEST(HybridScheduler, WithoutAGpuAllIsDoneOnTheCpu) {
  HybridScheduler scheduler(nullptr);
  EXPECT_EQ(scheduler.target(1'000'000), Target::cpu);
  EXPECT_EQ(scheduler.dot(Floats{1, 2}, Floats{3, 4}), 11);
  EXPECT_EQ(scheduler.matmul(Floats{1, 2, 3, 4}, Floats{1, 0, 0, 1, 1, 1}, 2), (Floats{1, 2, 3, 3, 4, 7}));
  EXPECT_EQ(scheduler.activate(Activation::relu, Floats{-1, 2}), (Floats{0, 2}));
  EXPECT_EQ(scheduler.activate(Activation::relu, Floats{-1, 2}, Floats{3, 3}), (Floats{0, 6}));
  EXPECT_EQ(scheduler.softmax(Floats{5, 5}), (Floats{0.5, 0.5}));
}

TEST(HybridScheduler, RefusesANegativeThreshold) {
  EXPECT_EQ(thrown([] { HybridScheduler(nullptr, -1); }), ErrorKind::invalid_argument);
}

using HybridSchedulerTest = GpuTest;

TEST_F(HybridSchedulerTest, SizeDecides) {
  const HybridScheduler usual(std::make_shared<GpuCompute>(device_)),
      always(std::make_shared<GpuCompute>(device_), 0);
  EXPECT_EQ(usual.target(999), Target::cpu);
  EXPECT_EQ(usual.target(1000), Target::gpu);
  EXPECT_EQ(always.target(0), Target::gpu);
}

TEST_F(HybridSchedulerTest, BothGiveTheSameWhereNothingIsRounded) {
  const auto gpu = std::make_shared<GpuCompute>(device_);
  HybridScheduler scheduler(gpu);
  for (const size_t n : {size_t{100}, size_t{3000}}) {
    const uint64_t before = gpu->pool().statistics().n_made + gpu->pool().statistics().n_reused;
    EXPECT_EQ(scheduler.dot(Floats(n, 2), Floats(n, 3)), 6 * static_cast<float>(n));
    EXPECT_EQ(scheduler.matmul(Floats(n, 2), Floats(n, 3), static_cast<int64_t>(n)),
              (Floats{6 * static_cast<float>(n)}));
    EXPECT_EQ(scheduler.activate(Activation::relu, Floats(n, -2)), Floats(n, 0));
    EXPECT_EQ(scheduler.softmax(Floats(n, 7)).size(), n);
    const bool used = gpu->pool().statistics().n_made + gpu->pool().statistics().n_reused > before;
    EXPECT_EQ(used, n >= 1000);
  }
}

}  // namespace
}  // namespace realizar::gpu
