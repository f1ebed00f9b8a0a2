#include "gpu/webgpu/recording.hpp"

#include "base/error.hpp"

namespace realizar::gpu::webgpu {

void Recording::dispatch(const Kernel& kernel, std::span<const Binding> bindings,
                         std::span<const std::byte> arguments, Workgroups groups) {
  require(bindings.size() == kernel.n_bindings(), ErrorKind::invalid_argument, "the kernel '", kernel.name(),
          "' takes ", kernel.n_bindings(), " buffers, not ", bindings.size());
  require(arguments.size() == kernel.argument_bytes(), ErrorKind::invalid_argument, "the kernel '",
          kernel.name(), "' takes ", kernel.argument_bytes(), " bytes of arguments, not ", arguments.size());
  std::vector<WGPUBindGroupEntry> entries(bindings.size());
  for (size_t i = 0; i < bindings.size(); ++i) {
    entries[i].binding = static_cast<uint32_t>(i);
    entries[i].buffer = bindings[i].buffer;
    entries[i].offset = bindings[i].offset;
    entries[i].size = bindings[i].bytes;
  }
  WGPUBindGroupDescriptor descriptor{};
  descriptor.layout = kernel.layout();
  descriptor.entryCount = entries.size();
  descriptor.entries = entries.data();
  BindGroupHandle bound(wgpu().DeviceCreateBindGroup(device_->get(), &descriptor));
  device_->faults().require_none(concat("bind the buffers of the kernel '", kernel.name(), "'"));
  steps_.push_back({&kernel, std::move(bound), {arguments.begin(), arguments.end()}, groups});
}

}  // namespace realizar::gpu::webgpu
