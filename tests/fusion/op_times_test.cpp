#include "fusion/op_times.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "fusion/cpu/op_clock.hpp"

namespace realizar::fusion {
namespace {

using cpu::OpClock;

constexpr auto a_while = std::chrono::milliseconds(20);
constexpr double seconds = 0.02;

TEST(OpTimes, AddUpByKindInTheOrderOfTheFirst) {
  OpTimes times;
  times.add("products", 2, 0.5);
  times.add("attention", 1, 0);
  times.add("products", 3, 0.25);
  ASSERT_EQ(times.kinds().size(), 2u);
  EXPECT_EQ(times.kinds()[0].name, "products");
  EXPECT_EQ(times.kinds()[0].n, 2);
  EXPECT_EQ(times.kinds()[0].seconds, 5);
  EXPECT_EQ(times.kinds()[0].waiting, 0.75);
  EXPECT_EQ(times.kinds()[1].seconds, 1);
}

TEST(OpClock, APartWithinAPartCountsForItself) {
  backend::ThreadPool pool(1);
  OpClock clock(pool);
  OpTimes times;
  clock.start(&times);
  {
    const OpClock::Part outer(clock, 0, "products");
    const OpClock::Part inner(clock, 0, "inputs");
    std::this_thread::sleep_for(a_while);
  }
  ASSERT_EQ(times.kinds().size(), 2u);
  EXPECT_EQ(times.kinds()[0].name, "inputs");
  EXPECT_GE(times.kinds()[0].seconds, seconds);
  EXPECT_EQ(times.kinds()[1].name, "products");
  EXPECT_LT(times.kinds()[1].seconds, seconds);
}

TEST(OpClock, TellsWaitingForOtherWorkersApart) {
  backend::ThreadPool pool(2);
  OpClock clock(pool);
  OpTimes times;
  clock.start(&times);
  pool.run([&](int worker) {
    const OpClock::Part part(clock, worker, "products");
    if (worker == 1) std::this_thread::sleep_for(a_while);
    pool.barrier();
  });
  ASSERT_EQ(times.kinds().size(), 1u);
  EXPECT_EQ(times.kinds()[0].n, 1) << "of worker 0 alone";
  EXPECT_GT(times.kinds()[0].waiting, seconds / 2);
  EXPECT_LE(times.kinds()[0].waiting, times.kinds()[0].seconds);
}

TEST(OpClock, TakesNothingUnlessAsked) {
  backend::ThreadPool pool(2);
  OpClock clock(pool);
  OpTimes times;
  clock.start(&times);
  clock.start(nullptr);
  pool.run([&](int worker) {
    const OpClock::Part part(clock, worker, "products");
    pool.barrier();
  });
  EXPECT_TRUE(times.kinds().empty());
  EXPECT_EQ(pool.seconds_at_barriers(), 0);
}

}  // namespace
}  // namespace realizar::fusion
