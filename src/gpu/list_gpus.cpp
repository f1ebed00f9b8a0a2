#include "gpu/list_gpus.hpp"

#include "base/error.hpp"
#include "gpu/gpu_ceilings.hpp"
#include "gpu/webgpu/device.hpp"

namespace realizar::gpu {
namespace {

/// The GPU as a device opened on it knows it.
Gpu opened(const webgpu::Adapter& adapter) {
  if (!adapter.gpu.problem.empty()) return adapter.gpu;
  try {
    return webgpu::Device(adapter).gpu();
  } catch (const Error& error) {
    Gpu gpu = adapter.gpu;
    gpu.problem = error.what();
    return gpu;
  }
}

}  // namespace

GpuList list_gpus() {
  GpuList list;
  try {
    list.library = webgpu::library().path;
    for (const webgpu::Adapter& adapter : webgpu::enumerate_adapters()) list.gpus.push_back(opened(adapter));
  } catch (const Error& error) {
    list.problem = error.what();
    return list;
  }
  list.automatic = webgpu::automatic_choice(list.gpus);
  if (list.gpus.empty())
    list.problem = "no GPU shows itself: see that its driver (on Linux its Vulkan driver) is installed";
  return list;
}

double read_bandwidth(const std::string& name) {
  try {
    const auto device = webgpu::Device::open(name);
    GpuBufferPool pool(device);
    // More than caches hold; where the processor plays GPU, no more than it takes a moment to read.
    const uint64_t bytes = uint64_t{device->gpu().type == GpuType::software ? 16u : 1024u} << 20;
    return measure_ceilings(*device, pool, bytes).read_bandwidth;
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace realizar::gpu
