#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/float_mode.hpp"

namespace realizar::backend {

/// Bytes that two threads should not share when both write.
inline constexpr size_t cache_line_bytes = 64;

/// Hands out a span of indices in pieces, each to one taker: half of what is left at a time, so that the
/// first are long and those that come last, which decide when all are through, are short. Its own cache line,
/// since most takes are by the worker whose span it is.
class alignas(cache_line_bytes) TaskSpan {
 public:
  struct Piece {
    int64_t begin, end;
    explicit operator bool() const { return begin < end; }
  };

  /// The next piece of [begin, end), `most` indices at most; an empty one when all are taken. All takers give
  /// the same arguments.
  Piece take(int64_t begin, int64_t end, int64_t most) {
    int64_t taken = taken_.load(std::memory_order_relaxed), next;
    do {
      if (begin + taken >= end) return {end, end};
      next = taken + std::clamp<int64_t>((end - begin - taken) / 2, 1, most);
    } while (!taken_.compare_exchange_weak(taken, next, std::memory_order_relaxed));
    return {begin + taken, begin + next};
  }

  /// Starts again. A barrier must stand between this and every take.
  void reset() { taken_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> taken_{0};
};

/// A fixed team of threads for fork-join work: `run` starts a region in which every worker calls the same
/// body. Inside a region workers meet at barriers, spinning (and yielding when that takes long); between
/// regions they do so for a moment, then sleep. Every worker, and the caller during a region, computes in
/// `IeeeMode`.
///
/// One region at a time: `run` of several workers from inside a region or from two threads at once throws
/// `internal`. When a worker throws, the others leave at their next barrier, and `run` rethrows the first
/// exception on the caller.
class ThreadPool {
 public:
  /// `n_threads` workers, the caller of `run` among them. They are pinned to different cores when there are
  /// enough.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  /// Calls body(worker) once for each worker in [0, size()), the caller being worker 0; returns when all are
  /// done.
  template <class F>
  void run(F&& body) {
    using Body = std::remove_reference_t<F>;
    run_erased([](void* erased, int worker) { (*static_cast<Body*>(erased))(worker); },
               const_cast<void*>(static_cast<const void*>(std::addressof(body))));
  }

  /// Inside a region: waits until every worker stands here. What any worker wrote before, all can read after.
  void barrier() {
    if (size_ > 1) wait_at_barrier();
  }

  /// Whether to take the time that worker 0 waits at barriers. Outside a region.
  void time_barriers(bool on) { times_barriers_ = on; }
  /// Seconds that worker 0 has waited at barriers while that was taken. For worker 0, or outside a region.
  double seconds_at_barriers() const { return seconds_at_barriers_; }

  /// Calls fn(begin, end) over pieces of [0, n) of at most `grain` indices, each index exactly once, pieces
  /// taken dynamically, the last ones the shortest. Outside a region it starts one; inside, all workers call
  /// it with the same arguments. Ends with a barrier.
  template <class F>
  void parallel_for(int64_t n, int64_t grain, F&& fn) {
    if (size_ == 1) {
      const IeeeMode mode;
      for (int64_t begin = 0; begin < n; begin += grain) fn(begin, std::min(n, begin + grain));
    } else if (in_region()) {
      share(n, grain, fn);
    } else {
      run([&](int) { share(n, grain, fn); });
    }
  }

  /// The index of the calling worker, inside a region; 0 outside.
  int worker() const;

 private:
  using Task = void (*)(void* body, int worker);

  void run_erased(Task task, void* body);
  bool in_region() const;
  void start_region(Task task, void* body);
  void finish_region();
  void work(int worker);
  void call(int worker);
  bool wait_for_region(uint32_t& seen);
  void wait_at_barrier();
  void meet_at_barrier(int me);
  void stop();

  // Each worker begins with its own part of the indices, in order, so that what it reads is one stretch; when
  // it is through it helps the others. The spans take turns: while one set is in use nobody touches the other
  // (a barrier ends every share), so that each worker can reset its own for the next share.
  template <class F>
  void share(int64_t n, int64_t grain, F& fn) {
    const int me = worker();
    WorkerState& mine = states_[static_cast<size_t>(me)];
    const auto turn = static_cast<size_t>(mine.turn ^= 1);
    mine.spans[turn ^ 1].reset();
    for (int i = 0; i < size_; ++i) {
      const int64_t owner = (me + i) % size_;
      TaskSpan& span = states_[static_cast<size_t>(owner)].spans[turn];
      const int64_t begin = owner * n / size_, end = (owner + 1) * n / size_;
      while (const TaskSpan::Piece piece = span.take(begin, end, grain)) fn(piece.begin, piece.end);
    }
    barrier();
  }

  static constexpr int max_rounds = 10;  // of a barrier: 2^10 workers

  struct alignas(cache_line_bytes) WorkerState {
    TaskSpan spans[2];
    int turn = 0;
    uint32_t barriers = 0;  // that this worker has come to
    // Round k of a barrier: worker i tells worker i + 2^k that it, and all it has heard of, are there.
    alignas(cache_line_bytes) std::atomic<uint32_t> heard[max_rounds] = {};
  };

  const int size_;
  bool spin_;  // false when there are more workers than cores: spinning would only keep others from working
  std::vector<int> cpus_;  // the core of each worker; empty when not pinned
  std::vector<std::thread> threads_;
  std::vector<WorkerState> states_;
  bool times_barriers_ = false;
  double seconds_at_barriers_ = 0;

  // A region: the body, written before region_ counts up.
  Task task_ = nullptr;
  void* body_ = nullptr;
  alignas(cache_line_bytes) std::atomic<uint32_t> region_{0};
  std::atomic<bool> stopping_{false};
  alignas(cache_line_bytes) std::atomic<int> running_{0};  // workers besides the caller still in the region
  std::atomic<bool> busy_{false};

  alignas(cache_line_bytes) std::atomic<bool> failed_{false};
  std::exception_ptr error_;  // written by the worker that set failed_

  // Sleeping between regions.
  alignas(cache_line_bytes) std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace realizar::backend
