#include "gpu/gpu_ceilings.hpp"

#include <gtest/gtest.h>

#include "gpu/software_gpu.hpp"

namespace realizar::gpu {
namespace {

using GpuCeilingsTest = GpuTest;

TEST_F(GpuCeilingsTest, AreOfAPlausibleSize) {
  GpuBufferPool pool(device_);
  const GpuCeilings ceilings = measure_ceilings(*device_, pool, 4 << 20);
  EXPECT_GT(ceilings.read_bandwidth, 1e7);
  EXPECT_LT(ceilings.read_bandwidth, 1e14);
  EXPECT_GE(ceilings.dispatch_seconds, 0);
  EXPECT_LT(ceilings.dispatch_seconds, 0.1);
  EXPECT_LT(ceilings.encode_seconds, 0.1);
  EXPECT_GT(ceilings.submit_seconds, 0);
  EXPECT_EQ(pool.statistics().in_use, 0u);
}

}  // namespace
}  // namespace realizar::gpu
