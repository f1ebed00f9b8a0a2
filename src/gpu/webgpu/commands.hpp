#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "gpu/webgpu/recording.hpp"

namespace realizar::gpu::webgpu {

/// Kernels and copies recorded one after the other, each of which sees what those before it wrote;
/// `Device::submit` runs them.
class Commands {
 public:
  explicit Commands(const Device& device);
  Commands(Commands&&) noexcept = default;
  Commands& operator=(Commands&&) noexcept = default;

  void run(const Recording& recording) { run(recording, 0, recording.size()); }
  /// `count` of its kernels from `first` on.
  void run(const Recording& recording, size_t first, size_t count);

  /// One kernel, as `Recording::dispatch` has it.
  template <class Arguments>
  void dispatch(const Kernel& kernel, std::initializer_list<Binding> bindings, const Arguments& arguments,
                Workgroups groups) {
    Recording& recording = once_.emplace_back(*device_);
    recording.dispatch(kernel, bindings, arguments, groups);
    run(recording);
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
  std::vector<Recording> once_;  // until all is encoded
  CommandEncoderHandle encoder_;
  ComputePassHandle pass_;
};

}  // namespace realizar::gpu::webgpu
