#include "realizar/devices.hpp"

#include "api/options.hpp"
#include "gpu/crossovers.hpp"
#include "gpu/list_gpus.hpp"

namespace realizar {

const char* to_string(GpuType type) {
  switch (type) {
    case GpuType::discrete:
      return "discrete";
    case GpuType::integrated:
      return "integrated";
    case GpuType::software:
      return "software";
    case GpuType::unknown:
      break;
  }
  return "unknown";
}

GpuList list_gpus() { return gpu::list_gpus(); }

int64_t Crossover::n_numbers() const {
  int64_t from = 0;
  for (const Size& size : sizes)
    if (size.gpu_seconds >= size.cpu_seconds)
      from = 0;
    else if (from == 0)
      from = size.n_numbers;
  return from;
}

HybridReport measure_crossovers(const std::string& gpu, int n_threads) {
  require_at_least("n_threads", n_threads, 0);
  return gpu::measure_crossovers(gpu, n_threads);
}

}  // namespace realizar
