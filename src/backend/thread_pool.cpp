#include "backend/thread_pool.hpp"

#include <chrono>
#include <system_error>

#include "backend/system.hpp"
#include "base/error.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace realizar::backend {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a waiting worker keeps its core to itself before it offers it to other programs at every turn.
constexpr auto spin_time = std::chrono::microseconds(30);

/// How long a worker waits for the next region before it sleeps: longer than the time between two tokens
/// (sampling, streaming), which a wake-up of some 50 microseconds would add to.
constexpr auto idle_time = std::chrono::microseconds(500);

constexpr int pauses_per_look_at_clock = 16;
constexpr int max_threads = 1024;

/// Thrown at barriers to unwind the workers of a region in which another one failed.
struct RegionFailed {};

struct Place {
  const ThreadPool* pool = nullptr;
  int worker = 0;
};
thread_local Place here;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits until ready() or until `limit` has passed (zero: for ever); says whether it is ready. Spins first,
/// if asked, then yields between looks so that a busy machine can run the thread that is waited for.
template <class Ready>
bool spin_until(const Ready& ready, bool spin, Clock::duration limit) {
  if (ready()) return true;
  const Clock::time_point start = Clock::now();
  for (;;) {
    for (int i = 0; i < pauses_per_look_at_clock; ++i) {
      if (ready()) return true;
      pause();
    }
    const Clock::duration waited = Clock::now() - start;
    if (limit != Clock::duration::zero() && waited >= limit) return ready();
    if (!spin || waited >= spin_time) std::this_thread::yield();
  }
}

/// `n` of `cpus`, the first being where the caller runs now, so that two programs started side by side with
/// few threads each are less likely to choose the same cores.
std::vector<int> choose_cpus(std::vector<int> cpus, int n) {
  const auto here_now = std::find(cpus.begin(), cpus.end(), system::current_cpu());
  if (here_now != cpus.end()) std::rotate(cpus.begin(), here_now, cpus.end());
  cpus.resize(static_cast<size_t>(n));
  return cpus;
}

/// Ties the calling thread to a core while it lives.
class ScopedPin {
 public:
  explicit ScopedPin(int cpu) : saved_(system::affinity()) { system::pin_to(cpu); }
  ~ScopedPin() {
    if (!saved_.mask.empty()) system::set_affinity(saved_);
  }
  ScopedPin(const ScopedPin&) = delete;
  ScopedPin& operator=(const ScopedPin&) = delete;

 private:
  system::Affinity saved_;
};

}  // namespace

ThreadPool::ThreadPool(int n_threads)
    : size_(n_threads), spin_(true), states_(static_cast<size_t>(std::clamp(n_threads, 1, max_threads))) {
  require(n_threads >= 1 && n_threads <= max_threads, ErrorKind::invalid_argument, "cannot run on ",
          n_threads, " threads: give a number from 1 to ", max_threads);
  if (size_ == 1) return;
  const std::vector<int> usable = system::usable_cpus();
  spin_ = static_cast<size_t>(size_) <= usable.size();
  if (spin_) cpus_ = choose_cpus(usable, size_);
  try {
    for (int worker = 1; worker < size_; ++worker) threads_.emplace_back([this, worker] { work(worker); });
  } catch (const std::system_error& error) {
    stop();
    fail(ErrorKind::io, "the system refused thread ", threads_.size() + 1, " of ", size_, " (", error.what(),
         "): ask for fewer threads");
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_.store(true);
  region_.fetch_add(1);
  {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

int ThreadPool::worker() const { return in_region() ? here.worker : 0; }

bool ThreadPool::in_region() const { return here.pool == this; }

void ThreadPool::run_erased(Task task, void* body) {
  const IeeeMode mode;
  if (size_ == 1) {
    task(body, 0);
    return;
  }
  require(!busy_.exchange(true, std::memory_order_acquire), ErrorKind::internal,
          "a thread pool was asked to run a region while it runs another");
  {
    const ScopedPin pin(cpus_.empty() ? -1 : cpus_[0]);
    const Place before = std::exchange(here, {this, 0});
    start_region(task, body);
    call(0);
    finish_region();
    here = before;
  }
  const std::exception_ptr error = std::exchange(error_, nullptr);
  busy_.store(false, std::memory_order_release);
  if (error) std::rethrow_exception(error);
}

void ThreadPool::start_region(Task task, void* body) {
  task_ = task;
  body_ = body;
  running_.store(size_ - 1, std::memory_order_relaxed);
  // Either a worker going to sleep sees the new region, or we see it among the sleepers: both sides write,
  // then read, in the one order of sequentially consistent operations.
  region_.fetch_add(1);
  if (sleepers_.load() > 0) {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
}

void ThreadPool::finish_region() {
  spin_until([this] { return running_.load(std::memory_order_acquire) == 0; }, spin_,
             Clock::duration::zero());
  if (!failed_.load(std::memory_order_relaxed)) return;
  // Some workers left in the middle: nobody is inside now, so all counts can start afresh.
  failed_.store(false, std::memory_order_relaxed);
  for (WorkerState& state : states_) {
    state.turn = 0;
    state.barriers = 0;
    for (auto& heard : state.heard) heard.store(0, std::memory_order_relaxed);
    for (TaskSpan& span : state.spans) span.reset();
  }
}

void ThreadPool::call(int worker) {
  try {
    task_(body_, worker);
  } catch (const RegionFailed&) {
  } catch (...) {
    // The first one is kept; exchange decides who that is.
    if (!failed_.exchange(true, std::memory_order_acq_rel)) error_ = std::current_exception();
  }
}

void ThreadPool::work(int worker) {
  const IeeeMode mode;
  here = {this, worker};
  if (!cpus_.empty()) system::pin_to(cpus_[static_cast<size_t>(worker)]);
  uint32_t seen = 0;
  while (wait_for_region(seen)) {
    call(worker);
    running_.fetch_sub(1, std::memory_order_release);
  }
}

bool ThreadPool::wait_for_region(uint32_t& seen) {
  const auto started = [&] { return region_.load() != seen; };
  if (!spin_until(started, spin_, idle_time)) {
    std::unique_lock lock(mutex_);
    sleepers_.fetch_add(1);
    wake_.wait(lock, started);
    sleepers_.fetch_sub(1);
  }
  ++seen;
  return !stopping_.load();
}

void ThreadPool::wait_at_barrier() {
  const int me = worker();
  if (!times_barriers_ || me != 0) return meet_at_barrier(me);
  const Clock::time_point start = Clock::now();
  meet_at_barrier(me);
  seconds_at_barriers_ += std::chrono::duration<double>(Clock::now() - start).count();
}

// A dissemination barrier (Hensgen, Finkel and Manber, 1988): no line is written by two workers in one round,
// so that two workers wait for one message each.
void ThreadPool::meet_at_barrier(int me) {
  WorkerState& mine = states_[static_cast<size_t>(me)];
  const uint32_t count = ++mine.barriers;
  const auto failed = [&] { return failed_.load(std::memory_order_relaxed); };
  for (int round = 0; 1 << round < size_; ++round) {
    const auto next = static_cast<size_t>((me + (1 << round)) % size_);
    states_[next].heard[round].store(count, std::memory_order_release);
    // The sender may be at the next barrier already, but not further.
    const auto heard = [&] { return mine.heard[round].load(std::memory_order_acquire) - count <= 1; };
    spin_until([&] { return heard() || failed(); }, spin_, Clock::duration::zero());
    if (!heard()) throw RegionFailed{};
  }
}

}  // namespace realizar::backend
