#pragma once

#include <chrono>
#include <string_view>

#include "backend/thread_pool.hpp"
#include "fusion/op_times.hpp"

namespace realizar::fusion::cpu {

/// Takes the times of a batch's ops for OpTimes, on worker 0. Where nobody asks, a part of a batch costs one
/// branch.
class OpClock {
  struct Reading {
    double seconds, waiting;
  };

 public:
  explicit OpClock(backend::ThreadPool& pool) : pool_(pool) {}

  /// Where times go from now on; null: nowhere. Outside a region.
  void start(OpTimes* times) {
    times_ = times;
    pool_.time_barriers(times != nullptr);
  }

  /// From here to the end of its life, what the worker does is `name`; parts within it count for themselves.
  class Part {
   public:
    Part(OpClock& clock, int worker, std::string_view name) {
      if (!clock.times_ || worker != 0) return;
      clock_ = &clock;
      name_ = name;
      outer_ = clock.current_;
      clock.current_ = this;
      start_ = clock.read();
    }
    ~Part() {
      if (!clock_) return;
      const Reading end = clock_->read();
      const Reading taken{end.seconds - start_.seconds, end.waiting - start_.waiting};
      clock_->times_->add(name_, taken.seconds - within_.seconds, taken.waiting - within_.waiting);
      clock_->current_ = outer_;
      if (!outer_) return;
      outer_->within_.seconds += taken.seconds;
      outer_->within_.waiting += taken.waiting;
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

   private:
    OpClock* clock_ = nullptr;
    std::string_view name_;
    Part* outer_ = nullptr;
    Reading start_{}, within_{};
  };

 private:
  Reading read() const {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration<double>(now).count(), pool_.seconds_at_barriers()};
  }

  backend::ThreadPool& pool_;
  OpTimes* times_ = nullptr;
  Part* current_ = nullptr;
};

}  // namespace realizar::fusion::cpu
