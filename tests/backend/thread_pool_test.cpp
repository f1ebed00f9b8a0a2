#include "backend/thread_pool.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "realizar/error.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace realizar::backend {
namespace {

class ThreadPoolOf : public testing::TestWithParam<int> {
 protected:
  ThreadPool pool{GetParam()};
};

// 8 threads are more than many machines have cores: the team must not stall then.
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolOf, testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolOf, CallsTheBodyOnceForEachWorker) {
  std::vector<int> calls(static_cast<size_t>(pool.size()));
  std::vector<std::thread::id> threads(calls.size());
  pool.run([&](int worker) {
    ++calls[static_cast<size_t>(worker)];
    threads[static_cast<size_t>(worker)] = std::this_thread::get_id();
    EXPECT_EQ(pool.worker(), worker);
  });
  EXPECT_EQ(calls, std::vector<int>(calls.size(), 1));
  EXPECT_EQ(threads[0], std::this_thread::get_id());
  EXPECT_EQ(std::set(threads.begin(), threads.end()).size(), threads.size());
}

TEST(TaskSpan, HandsOutHalfOfWhatIsLeft) {
  TaskSpan span;
  std::vector<int64_t> sizes;
  int64_t next = 100;
  while (const TaskSpan::Piece piece = span.take(100, 164, 20)) {
    EXPECT_EQ(piece.begin, next);
    next = piece.end;
    sizes.push_back(piece.end - piece.begin);
  }
  EXPECT_EQ(next, 164);
  EXPECT_EQ(sizes, (std::vector<int64_t>{20, 20, 12, 6, 3, 1, 1, 1}));
}

TEST_P(ThreadPoolOf, ParallelForVisitsEachIndexOnce) {
  for (const int64_t n : {0, 1, 7, 64, 1000}) {
    for (const int64_t grain : {1, 3, 64, 5000}) {
      std::vector<int> visits(static_cast<size_t>(n));
      pool.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
        EXPECT_LE(end - begin, grain);
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      EXPECT_EQ(visits, std::vector<int>(visits.size(), 1)) << n << " by " << grain;
    }
  }
}

TEST_P(ThreadPoolOf, ParallelForInsideARegionSeesTheWritesOfTheOneBefore) {
  constexpr int64_t n = 100;
  std::vector<int64_t> a(n), b(n);
  pool.run([&](int) {
    for (int64_t round = 0; round < 50; ++round) {
      pool.parallel_for(n, 3, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          a[static_cast<size_t>(i)] = b[static_cast<size_t>(n - 1 - i)] + 1;
      });
      pool.parallel_for(n, 7, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) b[static_cast<size_t>(i)] = a[static_cast<size_t>(n - 1 - i)];
      });
    }
  });
  EXPECT_EQ(b, std::vector<int64_t>(n, 50));
}

TEST_P(ThreadPoolOf, NobodyPassesABarrierBeforeAllHaveArrived) {
  std::vector<int> step(static_cast<size_t>(pool.size()));
  std::atomic<int> wrong{0};
  pool.run([&](int worker) {
    for (int round = 1; round <= 300; ++round) {
      step[static_cast<size_t>(worker)] = round;
      pool.barrier();
      for (const int other : step) wrong += other != round;
      pool.barrier();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(ThreadPoolOf, RethrowsTheExceptionOfAWorkerAndRunsAgain) {
  for (int thrower = 0; thrower < pool.size(); ++thrower) {
    const auto region = [&](int worker) {
      pool.parallel_for(10, 1, [](int64_t, int64_t) {});
      if (worker == thrower) throw std::runtime_error("worker's own");
      for (int i = 0; i < 3; ++i) pool.barrier();  // the others would wait here for ever
      pool.parallel_for(10, 1, [](int64_t, int64_t) {});
    };
    try {
      pool.run(region);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "worker's own");
    }
    std::atomic<int64_t> sum{0};
    pool.parallel_for(100, 7, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) sum += i;
    });
    EXPECT_EQ(sum, 4950);
  }
}

TEST_P(ThreadPoolOf, ManySmallRegions) {
  int64_t total = 0;
  std::vector<int64_t> counts(static_cast<size_t>(pool.size()) * 8);
  const int regions = pool.size() > 2 ? 500 : 10000;  // a yield costs when the threads outnumber the cores
  for (int i = 0; i < regions; ++i) pool.run([&](int worker) { ++counts[static_cast<size_t>(worker) * 8]; });
  for (const int64_t count : counts) total += count;
  EXPECT_EQ(total, int64_t{regions} * pool.size());
}

TEST_P(ThreadPoolOf, WakesAfterSleep) {
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    std::atomic<int> calls{0};
    pool.run([&](int) { ++calls; });
    EXPECT_EQ(calls, pool.size());
  }
}

#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
constexpr uint64_t flush_and_round_up = 0x8040 | 0x4000;
uint64_t float_mode() { return _mm_getcsr(); }
void set_float_mode(uint64_t mode) { _mm_setcsr(static_cast<unsigned>(mode)); }
#else
constexpr uint64_t flush_and_round_up = 0x1000000 | 0x400000;
uint64_t float_mode() {
  uint64_t mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
void set_float_mode(uint64_t mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#endif

TEST_P(ThreadPoolOf, KeepsDenormalsWhateverTheCallerDoes) {
  const uint64_t saved = float_mode();
  set_float_mode(saved | flush_and_round_up);
  std::atomic<int> flushed{0};
  volatile float tiny = 1e-38f;
  pool.run([&](int) { flushed += tiny * 0.25f == 0.0f || (float_mode() & flush_and_round_up) != 0; });
  pool.parallel_for(8, 1, [&](int64_t, int64_t) { flushed += tiny * 0.25f == 0.0f; });
  const uint64_t after = float_mode();
  set_float_mode(saved);
  EXPECT_EQ(flushed, 0);
  EXPECT_EQ(after & flush_and_round_up, flush_and_round_up) << "the caller's mode comes back";
}
#endif

TEST(ThreadPool, RefusesARegionInsideARegion) {
  ThreadPool pool(2);
  try {
    pool.run([&](int worker) {
      if (worker == 1) pool.run([](int) {});
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::internal);
  }
}

TEST(ThreadPool, RefusesAThreadCountThatCannotBe) {
  EXPECT_THROW(ThreadPool(0), Error);
  EXPECT_THROW(ThreadPool(-1), Error);
  EXPECT_THROW(ThreadPool(1000000), Error);
}

TEST(ThreadPool, PoolsDoNotMixUp) {
  ThreadPool outer(2), inner(2);
  std::atomic<int> calls{0};
  outer.run([&](int worker) {
    if (worker == 0)
      inner.parallel_for(10, 1, [&](int64_t begin, int64_t end) { calls += static_cast<int>(end - begin); });
    EXPECT_EQ(outer.worker(), worker);
  });
  EXPECT_EQ(calls, 10);
}

}  // namespace
}  // namespace realizar::backend
