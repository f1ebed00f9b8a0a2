#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
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

/// Kernels and copies recorded one after the other, each of which sees what those before it wrote;
/// `Device::submit` runs them.
class Commands {
 public:
  explicit Commands(const Device& device);
  Commands(Commands&&) noexcept = default;
  Commands& operator=(Commands&&) noexcept = default;

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

  /// Bytes and offsets are multiples of 4.
  void copy(WGPUBuffer from, uint64_t from_offset, WGPUBuffer to, uint64_t to_offset, uint64_t bytes);

 private:
  friend class Device;
  friend class GpuClock;
  /// What was recorded; throws internal when the library finds it wrong.
  CommandBufferHandle finish() &&;
  void begin_pass(const WGPUPassTimestampWrites* times = nullptr);
  void end_pass();

  const Device* device_;
  std::vector<BindGroupHandle> bound_;  // until all is recorded
  CommandEncoderHandle encoder_;
  ComputePassHandle pass_;
};

}  // namespace realizar::gpu::webgpu
