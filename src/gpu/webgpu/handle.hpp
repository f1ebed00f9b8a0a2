#pragma once

#include <string_view>
#include <utility>

#include "gpu/webgpu/library.hpp"

namespace realizar::gpu::webgpu {

/// Owns one reference to an object of WebGPU.
template <class T, auto release>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T value) : value_(value) {}
  ~Handle() {
    if (value_) (wgpu().*release)(value_);
  }
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }

  T get() const { return value_; }
  explicit operator bool() const { return value_ != nullptr; }

 private:
  T value_ = nullptr;
};

using AdapterHandle = Handle<WGPUAdapter, &Functions::AdapterRelease>;
using BindGroupHandle = Handle<WGPUBindGroup, &Functions::BindGroupRelease>;
using BindGroupLayoutHandle = Handle<WGPUBindGroupLayout, &Functions::BindGroupLayoutRelease>;
using BufferHandle = Handle<WGPUBuffer, &Functions::BufferRelease>;
using CommandBufferHandle = Handle<WGPUCommandBuffer, &Functions::CommandBufferRelease>;
using CommandEncoderHandle = Handle<WGPUCommandEncoder, &Functions::CommandEncoderRelease>;
using ComputePassHandle = Handle<WGPUComputePassEncoder, &Functions::ComputePassEncoderRelease>;
using DeviceHandle = Handle<WGPUDevice, &Functions::DeviceRelease>;
using InstanceHandle = Handle<WGPUInstance, &Functions::InstanceRelease>;
using PipelineHandle = Handle<WGPUComputePipeline, &Functions::ComputePipelineRelease>;
using PipelineLayoutHandle = Handle<WGPUPipelineLayout, &Functions::PipelineLayoutRelease>;
using QuerySetHandle = Handle<WGPUQuerySet, &Functions::QuerySetRelease>;
using QueueHandle = Handle<WGPUQueue, &Functions::QueueRelease>;
using ShaderHandle = Handle<WGPUShaderModule, &Functions::ShaderModuleRelease>;

inline WGPUStringView view(std::string_view text) { return {text.data(), text.size()}; }

inline std::string_view view(WGPUStringView text) {
  if (!text.data) return {};
  return text.length == WGPU_STRLEN ? std::string_view(text.data) : std::string_view(text.data, text.length);
}

}  // namespace realizar::gpu::webgpu
