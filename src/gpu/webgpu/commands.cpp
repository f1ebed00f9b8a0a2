#include "gpu/webgpu/commands.hpp"

#include <span>

#include "base/error.hpp"

namespace realizar::gpu::webgpu {

Commands::Commands(const Device& device) : device_(&device) {
  device.faults().require_alive("run kernels");
  encoder_ = CommandEncoderHandle(wgpu().DeviceCreateCommandEncoder(device.get(), nullptr));
}

void Commands::run(const Recording& recording, size_t first, size_t count) {
  begin_pass();
  for (const Recording::Step& step : std::span(recording.steps_).subspan(first, count)) {
    wgpu().ComputePassEncoderSetPipeline(pass_.get(), step.kernel->pipeline());
    wgpu().ComputePassEncoderSetBindGroup(pass_.get(), 0, step.bound.get(), 0, nullptr);
    if (!step.arguments.empty())
      wgpu().ComputePassEncoderSetImmediates(pass_.get(), 0, step.arguments.data(), step.arguments.size());
    wgpu().ComputePassEncoderDispatchWorkgroups(pass_.get(), step.groups.x, step.groups.y, step.groups.z);
  }
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
