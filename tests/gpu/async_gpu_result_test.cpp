#include "gpu/async_gpu_result.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "gpu/gpu_compute.hpp"
#include "gpu/software_gpu.hpp"

namespace realizar::gpu {
namespace {

using namespace std::chrono_literals;
using Floats = std::vector<float>;

class AsyncGpuResultTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (device_) gpu_ = std::make_unique<GpuCompute>(device_);
  }

  /// Something that takes a while.
  AsyncGpuResult start() { return gpu_->start_matmul(ones_, ones_, 512); }
  static bool is_right(const Floats& out) { return out == Floats(64 * 64, 512); }

  std::unique_ptr<GpuCompute> gpu_;
  const Floats ones_ = Floats(64 * 512, 1);
};

TEST_F(AsyncGpuResultTest, SeveralMayBeInFlight) {
  AsyncGpuResult first = start(), second = start(), third = start();
  EXPECT_TRUE(is_right(third.take()));
  EXPECT_TRUE(is_right(first.take()));
  EXPECT_TRUE(is_right(second.take()));
}

TEST_F(AsyncGpuResultTest, PollingEndsWhenItIsThere) {
  AsyncGpuResult result = start();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!result.poll()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_TRUE(result.wait(0ns));
  EXPECT_TRUE(is_right(result.take()));
}

TEST_F(AsyncGpuResultTest, AWaitEndsWithItsTime) {
  AsyncGpuResult result = start();
  const auto before = std::chrono::steady_clock::now();
  result.wait(1ms);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
  EXPECT_TRUE(result.wait(60s));
  EXPECT_TRUE(is_right(result.take()));
}

TEST_F(AsyncGpuResultTest, IsTakenOnce) {
  AsyncGpuResult result = start();
  result.take();
  EXPECT_EQ(thrown([&] { result.take(); }), ErrorKind::invalid_argument);
}

TEST_F(AsyncGpuResultTest, CancelledItIsGone) {
  AsyncGpuResult result = start();
  result.cancel();
  result.cancel();
  EXPECT_TRUE(result.poll());
  EXPECT_EQ(thrown([&] { result.take(); }), ErrorKind::invalid_argument);
  EXPECT_EQ(gpu_->pool().statistics().in_use, 0u) << "its buffer is given up";
  EXPECT_TRUE(is_right(start().take())) << "and the next has another";
}

TEST_F(AsyncGpuResultTest, MayGoWhileInFlight) {
  start();
  AsyncGpuResult moved = start();
  AsyncGpuResult other = start();
  moved = std::move(other);
  EXPECT_TRUE(is_right(moved.take()));
}

TEST_F(AsyncGpuResultTest, MayOutliveTheComputer) {
  AsyncGpuResult result = start();
  gpu_.reset();
  device_.reset();
  EXPECT_TRUE(is_right(result.take()));
}

TEST_F(AsyncGpuResultTest, FailsWhenTheGpuIsLost) {
  AsyncGpuResult forgotten = start(), result = start();
  device_->destroy();
  std::string message;
  EXPECT_TRUE(result.wait(60s));
  EXPECT_EQ(thrown([&] { result.take(); }, &message), ErrorKind::io);
  EXPECT_NE(message.find("lost"), std::string::npos) << message;
}

}  // namespace
}  // namespace realizar::gpu
