#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/webgpu/device.hpp"

namespace realizar::gpu::webgpu {

/// How a kernel uses a buffer.
enum class Access { read, write };

/// WGSL with an entry point "main".
struct KernelSource {
  std::string_view name;  // for errors
  std::string_view source;
  std::vector<Access> bindings;                                // of @group(0), in the order of @binding
  uint32_t argument_bytes = 0;                                 // of var<immediate>
  std::vector<std::pair<std::string_view, double>> constants;  // values of `override`s
  // A counter in every loop ends what else would not end. Ours do end, and without it compilers unroll them,
  // which most kernels gain by.
  bool counts_loops = false;
};

/// A kernel compiled for a device.
class Kernel {
 public:
  /// Throws internal, with the compiler's words, when it does not compile; io when the device is lost.
  Kernel(const Device& device, const KernelSource& source);

  const std::string& name() const { return name_; }
  size_t n_bindings() const { return n_bindings_; }
  uint32_t argument_bytes() const { return argument_bytes_; }
  WGPUComputePipeline pipeline() const { return pipeline_.get(); }
  WGPUBindGroupLayout layout() const { return layout_.get(); }

 private:
  std::string name_;
  size_t n_bindings_;
  uint32_t argument_bytes_;
  BindGroupLayoutHandle layout_;
  PipelineHandle pipeline_;
};

}  // namespace realizar::gpu::webgpu
