#include "gpu/crossovers.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "gpu/hybrid_scheduler.hpp"

namespace realizar::gpu {
namespace {

using Floats = std::vector<float>;

/// The best of some runs, the first of which counts for nothing: it compiles kernels.
double seconds_of(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  constexpr int n_runs = 4;
  double best = 1e9;
  for (int i = 0; i < n_runs; ++i) {
    const Clock::time_point start = Clock::now();
    run();
    if (i > 0) best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

struct Operation {
  const char* name;
  void (*run)(HybridScheduler& scheduler, const Floats& x);
};

const Operation operations[] = {
    // as many tokens as rows and columns
    {"matmul", [](HybridScheduler& scheduler,
                  const Floats& x) { scheduler.matmul(x, x, static_cast<int64_t>(std::sqrt(x.size()))); }},
    {"dot", [](HybridScheduler& scheduler, const Floats& x) { scheduler.dot(x, x); }},
    {"activate",
     [](HybridScheduler& scheduler, const Floats& x) { scheduler.activate(Activation::silu, x, x); }},
};

}  // namespace

HybridReport measure_crossovers(const std::string& name, int n_threads) {
  constexpr int64_t smallest = 64, largest = 1 << 24, step = 4;
  constexpr double longest = 0.1;  // seconds after which an operation is measured with no more numbers
  const auto gpu = std::make_shared<GpuCompute>(GpuOptions{.gpu = name});
  HybridScheduler on_cpu(nullptr, 0, n_threads), on_gpu(gpu, 0, n_threads);
  HybridReport report{.gpu = gpu->gpu().name, .threshold = HybridScheduler::default_threshold};
  for (const Operation& operation : operations) {
    Crossover& crossover = report.operations.emplace_back(Crossover{.operation = operation.name});
    for (int64_t n = smallest; n <= largest; n *= step) {
      const Floats x(static_cast<size_t>(n), 0.5f);
      const double cpu = seconds_of([&] { operation.run(on_cpu, x); }),
                   gpu_seconds = seconds_of([&] { operation.run(on_gpu, x); });
      crossover.sizes.push_back({n, cpu, gpu_seconds});
      if (std::max(cpu, gpu_seconds) > longest) break;
    }
  }
  return report;
}

}  // namespace realizar::gpu
