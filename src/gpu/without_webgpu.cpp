// What the layers above need of this one in a build that had no headers of WebGPU.
#include "base/error.hpp"
#include "gpu/crossovers.hpp"
#include "gpu/gpu_device.hpp"
#include "gpu/list_gpus.hpp"

namespace realizar::gpu {
namespace {

constexpr char problem[] =
    "this build has no GPU backend: run scripts/fetch_wgpu, then configure and build again";

}  // namespace

GpuList list_gpus() {
  GpuList list;
  list.problem = problem;
  return list;
}

HybridReport measure_crossovers(const std::string&, int) { fail(ErrorKind::io, problem); }

double read_bandwidth(const std::string&) { return 0; }

std::unique_ptr<fusion::Device> make_gpu_device(fusion::Plan, const fusion::DeviceOptions&,
                                                const std::string&,
                                                const std::function<void(std::span<const std::byte>)>&) {
  fail(ErrorKind::io, problem);
}

}  // namespace realizar::gpu
