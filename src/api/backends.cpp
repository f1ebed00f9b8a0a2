#include "realizar/backends.hpp"

#include <cstdlib>

#include "backend/bandwidth.hpp"
#include "backend/isa.hpp"
#include "backend/thread_pool.hpp"
#include "backend/topology.hpp"
#include "base/text.hpp"
#include "gpu/list_gpus.hpp"
#include "tensor/peak.hpp"

namespace realizar {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += concat(text.empty() ? "" : ", ", word);
  return text;
}

/// Why kernels run with a set, or why not.
std::string reason(backend::Isa isa) {
  const backend::Isa selected = backend::selected_isa();
  const auto lacking = backend::lacking_features(isa, backend::cpu_features());
  if (!lacking.empty()) return concat("this processor lacks ", joined(lacking));
  const char* const name = std::getenv("REALIZAR_ISA");
  const bool is_named = name != nullptr && *name != '\0';
  if (isa != selected) return concat(is_named ? "REALIZAR_ISA names " : "slower than ", to_string(selected));
  return is_named ? "REALIZAR_ISA names it" : "the best of this processor";
}

std::vector<Backend> instruction_sets(int n_threads) {
  backend::ThreadPool pool(n_threads > 0 ? n_threads : backend::topology().physical_cores);
  const double read_bandwidth = backend::ReadBandwidthMeter(pool).measure();
  std::vector<Backend> backends;
  for (const backend::Isa isa : backend::built_isas) {
    Backend row;
    row.name = to_string(isa);
    row.available = backend::lacking_features(isa, backend::cpu_features()).empty();
    row.used = isa == backend::selected_isa();
    row.reason = reason(isa);
    if (row.available) {
      const tensor::Peaks peaks = tensor::PeakMeter(pool, kernels::kernels_of(isa)).measure();
      row.read_bandwidth = read_bandwidth;
      row.int8_peak = peaks.int8;
      row.f32_peak = peaks.f32;
    }
    backends.push_back(row);
  }
  return backends;
}

/// The GPU that is taken where none is named, or else the first.
Backend gpu_backend() {
  Backend row;
  row.name = "WebGPU";
  row.is_gpu = true;
  const GpuList list = gpu::list_gpus();
  if (list.gpus.empty()) {
    row.reason = list.problem;
    return row;
  }
  row.used = list.automatic >= 0;
  const Gpu& gpu = list.gpus[row.used ? static_cast<size_t>(list.automatic) : 0];
  row.name = concat("WebGPU: ", gpu.name);
  row.available = gpu.problem.empty();
  row.reason = !row.available                  ? gpu.problem
               : row.used                      ? "a real GPU, which auto takes before the processor"
               : gpu.type == GpuType::software ? "the processor plays GPU, which auto never takes"
                                               : "auto takes no GPU";
  if (row.available) row.read_bandwidth = gpu::read_bandwidth(gpu.name);
  return row;
}

}  // namespace

std::vector<Backend> list_backends(int n_threads) {
  std::vector<Backend> backends = instruction_sets(n_threads);
  backends.push_back(gpu_backend());
  return backends;
}

}  // namespace realizar
