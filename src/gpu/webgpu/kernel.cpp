#include "gpu/webgpu/kernel.hpp"

#include "base/error.hpp"

namespace realizar::gpu::webgpu {
namespace {

ShaderHandle compile(WGPUDevice device, const KernelSource& source) {
  WGPUShaderSourceWGSL wgsl{};
  wgsl.chain.sType = WGPUSType_ShaderSourceWGSL;
  wgsl.code = view(source.source);
  WGPUShaderModuleDescriptor descriptor{};
  descriptor.nextInChain = &wgsl.chain;
  WGPUShaderRuntimeChecks checks = WGPUShaderRuntimeChecks_BoundsChecks;
  if (source.counts_loops) checks |= WGPUShaderRuntimeChecks_ForceLoopBounding;
  return ShaderHandle(wgpu().DeviceCreateShaderModuleTrusted(device, &descriptor, checks));
}

BindGroupLayoutHandle create_layout(WGPUDevice device, const std::vector<Access>& bindings) {
  std::vector<WGPUBindGroupLayoutEntry> entries(bindings.size());
  for (size_t i = 0; i < bindings.size(); ++i) {
    entries[i].binding = static_cast<uint32_t>(i);
    entries[i].visibility = WGPUShaderStage_Compute;
    entries[i].buffer.type =
        bindings[i] == Access::read ? WGPUBufferBindingType_ReadOnlyStorage : WGPUBufferBindingType_Storage;
  }
  WGPUBindGroupLayoutDescriptor descriptor{};
  descriptor.entryCount = entries.size();
  descriptor.entries = entries.data();
  return BindGroupLayoutHandle(wgpu().DeviceCreateBindGroupLayout(device, &descriptor));
}

PipelineLayoutHandle create_pipeline_layout(WGPUDevice device, WGPUBindGroupLayout layout,
                                            uint32_t argument_bytes) {
  WGPUPipelineLayoutDescriptor descriptor{};
  descriptor.bindGroupLayoutCount = 1;
  descriptor.bindGroupLayouts = &layout;
  descriptor.immediateSize = argument_bytes;
  return PipelineLayoutHandle(wgpu().DeviceCreatePipelineLayout(device, &descriptor));
}

PipelineHandle create_pipeline(WGPUDevice device, WGPUShaderModule shader, WGPUPipelineLayout layout,
                               const KernelSource& source) {
  std::vector<WGPUConstantEntry> constants;
  for (const auto& [name, value] : source.constants) constants.push_back({nullptr, view(name), value});
  WGPUComputePipelineDescriptor descriptor{};
  descriptor.layout = layout;
  descriptor.compute.module = shader;
  descriptor.compute.entryPoint = view("main");
  descriptor.compute.constantCount = constants.size();
  descriptor.compute.constants = constants.data();
  return PipelineHandle(wgpu().DeviceCreateComputePipeline(device, &descriptor));
}

}  // namespace

Kernel::Kernel(const Device& device, const KernelSource& source)
    : name_(source.name), n_bindings_(source.bindings.size()), argument_bytes_(source.argument_bytes) {
  const std::string action = concat("compile the kernel '", name_, "'");
  device.faults().require_alive("compile kernels");
  const ShaderHandle shader = compile(device.get(), source);
  device.faults().require_none(action);
  layout_ = create_layout(device.get(), source.bindings);
  const PipelineLayoutHandle layout = create_pipeline_layout(device.get(), layout_.get(), argument_bytes_);
  device.faults().require_none(action);
  pipeline_ = create_pipeline(device.get(), shader.get(), layout.get(), source);
  device.faults().require_none(action);
}

}  // namespace realizar::gpu::webgpu
