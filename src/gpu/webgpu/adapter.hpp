#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gpu/webgpu/handle.hpp"
#include "realizar/devices.hpp"

namespace realizar::gpu::webgpu {

/// A GPU, and what it says of itself.
struct Adapter {
  AdapterHandle handle;
  Gpu gpu;
  WGPULimits limits{};
  std::vector<WGPUFeatureName> features;  // of those that devices are opened with

  bool has(WGPUFeatureName feature) const;
};

/// Features that devices are opened with, where the adapter has them.
inline constexpr WGPUFeatureName feature_f16 = WGPUFeatureName_ShaderF16;
inline constexpr WGPUFeatureName feature_timestamps = WGPUFeatureName_TimestampQuery;
/// wgpu-native has them under numbers of its own.
inline constexpr auto feature_subgroups = static_cast<WGPUFeatureName>(WGPUNativeFeature_Subgroup);
/// Arguments of kernels beside their buffers: without them there is no device.
inline constexpr auto feature_immediates = static_cast<WGPUFeatureName>(WGPUNativeFeature_Immediates);

/// All adapters of the machine, on the interfaces that are made for computing (Vulkan, Metal, D3D12). Drivers
/// stay loaded until the process ends. Throws as `library()` does, and io when the library refuses.
std::vector<Adapter> enumerate_adapters();

/// Index of the GPU taken where none is named: discrete before integrated, never software; -1: none.
int automatic_choice(std::span<const Gpu> gpus);

/// Index of the GPU that `name` asks for: "auto", "software" or (part of) a name, upper and lower case alike.
/// Throws invalid_argument, listing the names, when there is none, or several that differ; io for "auto" on a
/// machine that has no real GPU.
int choose_by_name(std::span<const Gpu> gpus, std::string_view name);

}  // namespace realizar::gpu::webgpu
