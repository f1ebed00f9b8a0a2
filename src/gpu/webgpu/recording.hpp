#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "gpu/webgpu/kernel.hpp"

namespace realizar::gpu::webgpu {

/// The part of a buffer that a kernel sees.
struct Binding {
  WGPUBuffer buffer = nullptr;
  uint64_t offset = 0;  // a multiple of 256, which every GPU takes
  uint64_t bytes = 0;
};

/// Workgroups in three dimensions, at most 65535 each.
struct Workgroups {
  uint32_t x = 1, y = 1, z = 1;
};

/// Kernels with their buffers and arguments, one after the other, each of which sees what those before it
/// wrote; `Commands::run` does them as often as one likes. The kernels must stay; buffers need not.
class Recording {
 public:
  explicit Recording(const Device& device) : device_(&device) {}

  /// `arguments` fills the kernel's var<immediate>. Throws invalid_argument when bindings or arguments are
  /// not what the kernel has.
  void dispatch(const Kernel& kernel, std::span<const Binding> bindings, std::span<const std::byte> arguments,
                Workgroups groups);
  template <class Arguments>
  void dispatch(const Kernel& kernel, std::initializer_list<Binding> bindings, const Arguments& arguments,
                Workgroups groups) {
    dispatch(kernel, std::span(bindings.begin(), bindings.size()), std::as_bytes(std::span(&arguments, 1)),
             groups);
  }

  size_t size() const { return steps_.size(); }
  const std::string& kernel_name(size_t index) const { return steps_[index].kernel->name(); }

 private:
  friend class Commands;
  struct Step {
    const Kernel* kernel;
    BindGroupHandle bound;
    std::vector<std::byte> arguments;
    Workgroups groups;
  };
  const Device* device_;
  std::vector<Step> steps_;
};

}  // namespace realizar::gpu::webgpu
