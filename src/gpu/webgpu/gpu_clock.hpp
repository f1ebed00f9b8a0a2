#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gpu/webgpu/commands.hpp"

namespace realizar::gpu::webgpu {

/// Takes the GPU's own time of passes: without what encoding, submission and waiting take.
class GpuClock {
 public:
  /// For spans [0, n_spans). Throws unsupported where the GPU has no timestamp-query.
  GpuClock(const Device& device, uint32_t n_spans);

  /// What is recorded from `start` to `stop` is a pass of its own.
  void start(Commands& commands, uint32_t span);
  void stop(Commands& commands);

  /// After the last span: has the times brought back with the commands.
  void finish(Commands& commands);
  /// Seconds of each span, once the commands are done; waits for that. Throws io when the GPU is lost.
  std::vector<double> seconds() const;

 private:
  const Device& device_;
  uint32_t n_spans_;
  QuerySetHandle queries_;
  BufferHandle resolved_, readback_;
};

}  // namespace realizar::gpu::webgpu
