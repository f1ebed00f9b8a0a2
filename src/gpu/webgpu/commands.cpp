#include "gpu/webgpu/commands.hpp"

#include "base/error.hpp"

namespace realizar::gpu::webgpu {

Commands::Commands(const Device& device) : device_(&device) {
  device.faults().require_alive("run kernels");
  encoder_ = CommandEncoderHandle(wgpu().DeviceCreateCommandEncoder(device.get(), nullptr));
}

void Commands::dispatch(const Kernel& kernel, std::span<const Binding> bindings,
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
  bound_.emplace_back(wgpu().DeviceCreateBindGroup(device_->get(), &descriptor));
  device_->faults().require_none(concat("bind the buffers of the kernel '", kernel.name(), "'"));
  begin_pass();
  wgpu().ComputePassEncoderSetPipeline(pass_.get(), kernel.pipeline());
  wgpu().ComputePassEncoderSetBindGroup(pass_.get(), 0, bound_.back().get(), 0, nullptr);
  if (!arguments.empty())
    wgpu().ComputePassEncoderSetImmediates(pass_.get(), 0, arguments.data(), arguments.size());
  wgpu().ComputePassEncoderDispatchWorkgroups(pass_.get(), groups.x, groups.y, groups.z);
}

void Commands::copy(WGPUBuffer from, uint64_t from_offset, WGPUBuffer to, uint64_t to_offset,
                    uint64_t bytes) {
  end_pass();
  wgpu().CommandEncoderCopyBufferToBuffer(encoder_.get(), from, from_offset, to, to_offset, bytes);
}

void Commands::begin_pass(const WGPUPassTimestampWrites* times) {
  if (pass_) return;
  WGPUComputePassDescriptor descriptor{};
  descriptor.timestampWrites = times;
  pass_ = ComputePassHandle(wgpu().CommandEncoderBeginComputePass(encoder_.get(), &descriptor));
}

void Commands::end_pass() {
  if (!pass_) return;
  wgpu().ComputePassEncoderEnd(pass_.get());
  pass_ = {};
}

CommandBufferHandle Commands::finish() && {
  end_pass();
  CommandBufferHandle buffer(wgpu().CommandEncoderFinish(encoder_.get(), nullptr));
  device_->faults().require_none("record kernels");
  return buffer;
}

}  // namespace realizar::gpu::webgpu
