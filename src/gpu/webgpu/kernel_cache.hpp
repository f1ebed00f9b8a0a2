#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gpu/webgpu/kernel.hpp"

namespace realizar::gpu::webgpu {

/// The kernels of a device, compiled when they are first needed. The device must stay. One thread at a time.
class KernelCache {
 public:
  explicit KernelCache(const Device& device) : device_(device) {}

  /// The kernel kept under `key`, else that of `source()`. Throws as `Kernel` does.
  const Kernel& get(std::string_view key, const std::function<KernelSource()>& source);

 private:
  const Device& device_;
  std::map<std::string, Kernel, std::less<>> kernels_;
};

}  // namespace realizar::gpu::webgpu
