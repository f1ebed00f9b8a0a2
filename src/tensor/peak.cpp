#include "tensor/peak.hpp"

#include <algorithm>
#include <atomic>

#include "base/clock.hpp"

namespace realizar::tensor {
namespace {

constexpr double window_seconds = 0.005;

/// Between two looks at the clock: microseconds with vectors, a tenth of the window without.
constexpr int64_t rounds_at_once = 64;

}  // namespace

double PeakMeter::measure_once(Loop loop) {
  std::atomic<int64_t> all{0};
  const Clock::time_point start = Clock::now();
  pool_.run([&](int) {
    int64_t own = 0;
    do own += loop(rounds_at_once);
    while (seconds_since(start) < window_seconds);
    all += own;
  });
  return static_cast<double>(all) / seconds_since(start);
}

Peaks PeakMeter::measure() {
  Peaks best;
  for (int i = 0; i < 3; ++i) {
    best.int8 = std::max(best.int8, measure_once(table_.int8_peak));
    best.f32 = std::max(best.f32, measure_once(table_.f32_peak));
  }
  return best;
}

}  // namespace realizar::tensor
