#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gpu/webgpu/adapter.hpp"
#include "gpu/webgpu/faults.hpp"

namespace realizar::gpu::webgpu {

class Commands;
class Kernel;

/// What a buffer is for.
enum class BufferUse {
  storage,   ///< kernels read and write it, and it is copied from and to
  weights,   ///< likewise, large and there to stay: a pool neither rounds its size nor keeps it
  readback,  ///< results are copied into it, and the host reads it
  upload,    ///< the host writes to it, and it is copied from
  times,     ///< the times of a GpuClock come to stand in it
};

/// A GPU opened for computing. Several threads may make buffers and kernels; one at a time submits and waits.
/// What is made from a device must go before it: whoever keeps such things keeps a shared pointer to it.
class Device {
 public:
  /// The GPU that `name` asks for, as `choose_by_name` has it. Throws as that does; unsupported when the GPU
  /// lacks what kernels need, io when it cannot be opened.
  static std::shared_ptr<Device> open(std::string_view name);
  explicit Device(const Adapter& adapter);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Gpu& gpu() const { return gpu_; }
  const WGPULimits& limits() const { return limits_; }

  /// Bytes are rounded up to a multiple of 4. Throws limit_exceeded beyond what the GPU allows of one buffer,
  /// out_of_memory.
  BufferHandle create_buffer(uint64_t bytes, BufferUse use) const;

  /// Copies `bytes`, a multiple of 4, into a buffer at a multiple of 4, before anything submitted later runs.
  void write(WGPUBuffer buffer, uint64_t offset, std::span<const std::byte> bytes) const;

  /// Runs what was recorded, after all submitted before.
  void submit(Commands&& commands) const;

  /// Asks for the memory of a readback or upload buffer: `done(error)` is called once by a later `poll()`,
  /// when the GPU has done what it had with it, without an error when `mapped_bytes` may be read, or
  /// `writable_bytes` written, until `unmap`, and never after the device is gone.
  void map(WGPUBuffer buffer, uint64_t bytes, WGPUMapMode mode,
           std::function<void(const std::string& error)> done) const;
  std::span<const std::byte> mapped_bytes(WGPUBuffer buffer, uint64_t bytes) const;
  std::span<std::byte> writable_bytes(WGPUBuffer buffer, uint64_t bytes) const;
  void unmap(WGPUBuffer buffer) const;

  /// Copies what a readback buffer holds once all that was submitted is done. Waits. Throws io when the GPU
  /// is lost.
  void read(WGPUBuffer readback, std::span<std::byte> bytes) const;

  /// Of one tick of the GPU's clock.
  double timestamp_seconds() const;

  /// Lets the library call what is due.
  void poll() const;
  /// Polls until `done()` or until the time is over, and says whether it is done.
  bool wait(const std::function<bool()>& done, std::chrono::nanoseconds timeout) const;

  /// Gives the GPU up: whatever is asked of it from now on throws one io.
  void destroy();
  bool lost() const { return faults_->lost(); }

  // For the classes that record and compile.
  WGPUDevice get() const { return device_.get(); }
  Faults& faults() const { return *faults_; }

 private:
  void probe_integer_dot();

  Gpu gpu_;
  WGPULimits limits_;
  std::shared_ptr<Faults> faults_;
  DeviceHandle device_;
  QueueHandle queue_;
};

}  // namespace realizar::gpu::webgpu
