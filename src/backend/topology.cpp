#include "backend/topology.hpp"

#include <algorithm>
#include <cmath>

#include "backend/system.hpp"

namespace realizar::backend {
namespace {

size_t cache_or(int level, size_t usual) {
  const size_t bytes = system::cache_bytes(level);
  return bytes > 0 ? bytes : usual;
}

/// As measured (docs/performance.md): the prefetchers of Intel's server cores leave a third of the bandwidth
/// unused, those of Zen cores without AVX-512 a fifth; on Zen 4 they lose a tenth, at the ends of pages.
Prefetch prefetch() {
#if defined(__x86_64__)
  if (__builtin_cpu_is("intel")) return {.bytes = 10240};
  if (__builtin_cpu_is("amd"))
    return __builtin_cpu_supports("avx512f") ? Prefetch{.bytes = 4096, .page_starts = true}
                                             : Prefetch{.bytes = 2048};
#endif
  return {};
}

Topology detect() {
  Topology result;
  result.cpu_name = system::cpu_name();
  const auto cpus = system::usable_cpus();
  const double quota = system::cpu_quota();
  // A quota of 1.5 cores runs two threads three quarters of the time: rounding up wastes less than rounding
  // down.
  const int limit = quota > 0 ? std::max(1, static_cast<int>(std::ceil(std::min(quota, 1e6)))) : 1 << 20;
  result.usable_cores = std::clamp(static_cast<int>(cpus.size()), 1, limit);
  result.physical_cores = std::clamp(system::physical_cores(cpus), 1, limit);
  result.l1_bytes = cache_or(1, size_t{32} << 10);
  result.l2_bytes = cache_or(2, size_t{512} << 10);
  result.l3_bytes = cache_or(3, size_t{4} << 20);
  result.prefetch = prefetch();
  return result;
}

}  // namespace

const Topology& topology() {
  static const Topology detected = detect();
  return detected;
}

}  // namespace realizar::backend
