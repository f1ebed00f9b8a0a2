#include "backend/bandwidth.hpp"

#include <gtest/gtest.h>

#include "backend/topology.hpp"
#include "base/error.hpp"

namespace realizar::backend {
namespace {

constexpr size_t small = size_t{64} << 20;

TEST(ReadBandwidthMeter, FindsABandwidthThatMemoryCanHave) {
  ThreadPool pool(topology().physical_cores);
  ReadBandwidthMeter meter(pool, small);
  const double bytes_per_second = meter.measure();
  RecordProperty("gb_per_s", std::to_string(bytes_per_second / 1e9));
  EXPECT_GT(bytes_per_second, 50e6);
  EXPECT_LT(bytes_per_second, 100e12);
}

TEST(ReadBandwidthMeter, RefusesMemoryThatACacheHolds) {
  ThreadPool pool(1);
  EXPECT_THROW(ReadBandwidthMeter(pool, 4096), Error);
}

}  // namespace
}  // namespace realizar::backend
