#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gpu/webgpu/functions.hpp"
#include "realizar/error.hpp"

namespace realizar::gpu::webgpu {

/// What WebGPU reports of a device through callbacks, kept until the call that caused it asks. Callbacks may
/// come on any thread, and after the device is gone.
class Faults {
 public:
  static std::shared_ptr<Faults> create();
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  /// What the device's callbacks are given to find this again.
  WGPUDeviceLostCallbackInfo lost_callback() const;
  WGPUUncapturedErrorCallbackInfo error_callback() const;

  /// The device does not work any more. The first reason stands.
  void lose(const std::string& reason);
  bool lost() const;

  /// Throws io when the device is lost: `action` ("run kernels") cannot be done.
  void require_alive(const char* action) const;

  /// Throws what was reported since the last call: io when the device is lost, out_of_memory, else internal
  /// with the library's words.
  void require_none(const std::string& action);

 private:
  Faults() = default;
  static std::shared_ptr<Faults> find(const void* key);
  void* key() const;
  void record(ErrorKind kind, std::string message);

  struct Fault {
    ErrorKind kind;
    std::string message;
  };
  uint64_t number_ = 0;
  mutable std::mutex mutex_;
  std::optional<Fault> first_;
  std::optional<std::string> lost_;
};

}  // namespace realizar::gpu::webgpu
