#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>

#include "backend/bandwidth.hpp"
#include "tensor/peak.hpp"

// What one thread can do at best, measured once before the first benchmark, and counters that hold a kernel
// against it.
namespace realizar::bench {

struct Ceilings {
  double read_bandwidth = 0;
  tensor::Peaks peaks;
};

inline const Ceilings& ceilings() {
  static const Ceilings measured = [] {
    backend::ThreadPool one(1);
    backend::ReadBandwidthMeter memory(one);
    return Ceilings{memory.measure(0.5), tensor::PeakMeter(one).measure()};
  }();
  return measured;
}

/// What one run of a kernel does.
struct Work {
  double bytes = 0;    // read and written
  double numbers = 0;  // that it treats; 0: it is counted by multiply-adds
  double macs = 0;     // multiply-adds; 0: it is counted by numbers
  double peak = 0;     // of such multiply-adds a second
};

/// Runs from the start of a benchmark's loop: the processor's time of the program, as the library takes it.
class Stopwatch {
 public:
  double seconds() const { return static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t start_ = std::clock();
};

/// Bytes a second, beside the read bandwidth: data in a cache may well be faster, and a kernel near one is
/// never what a model waits for while weights come from memory. Multiply-adds a second beside their peak, or
/// else numbers a second.
inline void count(benchmark::State& state, const Stopwatch& watch, const Work& work) {
  const double runs_per_second = static_cast<double>(state.iterations()) / std::max(watch.seconds(), 1e-9);
  const auto rate = [&](const char* name, double each) {
    state.counters[name] = benchmark::Counter(each * runs_per_second, benchmark::Counter::kDefaults,
                                              benchmark::Counter::kIs1000);
  };
  rate("B/s", work.bytes);
  rate("of_memory", work.bytes / ceilings().read_bandwidth);
  if (work.numbers > 0) rate("numbers/s", work.numbers);
  if (work.macs <= 0) return;
  rate("MAC/s", work.macs);
  rate("of_peak", work.macs / work.peak);
}

}  // namespace realizar::bench
