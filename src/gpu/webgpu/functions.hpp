#pragma once

#include <webgpu/wgpu.h>

namespace realizar::gpu::webgpu {

// The functions of webgpu.h and wgpu.h that are used, without their prefix. Some others of wgpu-native 29 end
// the process when they are called, since they are not implemented: WaitAny, BufferGetMapState, those of WGSL
// language features, of compilation messages and of labels.
#define REALIZAR_WGPU_FUNCTIONS(X)        \
  X(AdapterGetFeatures)                   \
  X(AdapterGetInfo)                       \
  X(AdapterGetLimits)                     \
  X(AdapterInfoFreeMembers)               \
  X(AdapterRelease)                       \
  X(AdapterRequestDevice)                 \
  X(BindGroupLayoutRelease)               \
  X(BindGroupRelease)                     \
  X(BufferDestroy)                        \
  X(BufferGetConstMappedRange)            \
  X(BufferGetMappedRange)                 \
  X(BufferMapAsync)                       \
  X(BufferRelease)                        \
  X(BufferUnmap)                          \
  X(CommandBufferRelease)                 \
  X(CommandEncoderBeginComputePass)       \
  X(CommandEncoderCopyBufferToBuffer)     \
  X(CommandEncoderFinish)                 \
  X(CommandEncoderRelease)                \
  X(CommandEncoderResolveQuerySet)        \
  X(ComputePassEncoderDispatchWorkgroups) \
  X(ComputePassEncoderEnd)                \
  X(ComputePassEncoderRelease)            \
  X(ComputePassEncoderSetBindGroup)       \
  X(ComputePassEncoderSetImmediates)      \
  X(ComputePassEncoderSetPipeline)        \
  X(ComputePipelineRelease)               \
  X(CreateInstance)                       \
  X(DeviceCreateBindGroup)                \
  X(DeviceCreateBindGroupLayout)          \
  X(DeviceCreateBuffer)                   \
  X(DeviceCreateCommandEncoder)           \
  X(DeviceCreateComputePipeline)          \
  X(DeviceCreatePipelineLayout)           \
  X(DeviceCreateQuerySet)                 \
  X(DeviceCreateShaderModuleTrusted)      \
  X(DeviceDestroy)                        \
  X(DeviceGetQueue)                       \
  X(DevicePoll)                           \
  X(DeviceRelease)                        \
  X(GetVersion)                           \
  X(InstanceEnumerateAdapters)            \
  X(InstanceRelease)                      \
  X(PipelineLayoutRelease)                \
  X(QuerySetRelease)                      \
  X(QueueGetTimestampPeriod)              \
  X(QueueRelease)                         \
  X(QueueSubmit)                          \
  X(QueueWriteBuffer)                     \
  X(ShaderModuleRelease)                  \
  X(SupportedFeaturesFreeMembers)

/// Pointers to them, found by name in the library.
struct Functions {
#define REALIZAR_WGPU_POINTER(name) decltype(&wgpu##name) name = nullptr;
  REALIZAR_WGPU_FUNCTIONS(REALIZAR_WGPU_POINTER)
#undef REALIZAR_WGPU_POINTER
};

}  // namespace realizar::gpu::webgpu
