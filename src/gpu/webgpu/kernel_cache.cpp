#include "gpu/webgpu/kernel_cache.hpp"

namespace realizar::gpu::webgpu {

const Kernel& KernelCache::get(std::string_view key, const std::function<KernelSource()>& source) {
  const auto found = kernels_.find(key);
  if (found != kernels_.end()) return found->second;
  return kernels_.emplace(std::string(key), Kernel(device_, source())).first->second;
}

}  // namespace realizar::gpu::webgpu
