#pragma once

#include <cstdint>

#include "backend/thread_pool.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::tensor {

/// Multiply-adds a second of all threads together, by arithmetic.
struct Peaks {
  double int8 = 0;  // bytes into integers: quantised weights in fast arithmetic
  double f32 = 0;   // dense weights, and all in exact arithmetic
};

/// How fast the threads of a pool multiply and add together when all operands stand in registers: the ceiling
/// of anything that multiplies weights with many tokens.
class PeakMeter {
 public:
  explicit PeakMeter(backend::ThreadPool& pool, const kernels::KernelTable& table = kernels::kernels())
      : pool_(pool), table_(table) {}

  /// Takes both in turns, each for a few milliseconds, three times, and keeps the best: what another program
  /// takes from the cores must not make a ceiling that the rest then exceeds.
  Peaks measure();

 private:
  using Loop = int64_t (*)(int64_t n_rounds);
  double measure_once(Loop loop);

  backend::ThreadPool& pool_;
  const kernels::KernelTable& table_;
};

}  // namespace realizar::tensor
