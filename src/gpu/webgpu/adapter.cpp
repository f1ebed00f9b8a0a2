#include "gpu/webgpu/adapter.hpp"

#include <algorithm>
#include <cctype>

#include "backend/system.hpp"
#include "base/error.hpp"

namespace realizar::gpu::webgpu {
namespace {

WGPUInstance open_instance() {
  // Mesa's choice of a GPU for windows asks for a display on every start, and complains where there is none.
  backend::system::set_unset_variable("NODEVICE_SELECT", "1");
  WGPUInstanceExtras extras{};
  extras.chain.sType = static_cast<WGPUSType>(WGPUSType_InstanceExtras);
  extras.backends = WGPUInstanceBackend_Primary;
  WGPUInstanceDescriptor descriptor{};
  descriptor.nextInChain = &extras.chain;
  const WGPUInstance opened = wgpu().CreateInstance(&descriptor);
  require(opened, ErrorKind::io, "the library ", library().path,
          " could not start: see that the drivers of the GPU are installed");
  return opened;
}

/// Never released: drivers leak a little each time they are unloaded, and loading them takes a while.
WGPUInstance instance() {
  static const WGPUInstance opened = open_instance();
  return opened;
}

std::string interface_name(WGPUBackendType type) {
  switch (type) {
    case WGPUBackendType_Vulkan:
      return "Vulkan";
    case WGPUBackendType_Metal:
      return "Metal";
    case WGPUBackendType_D3D12:
      return "D3D12";
    default:
      return "unknown";
  }
}

/// PCI's numbers of the vendors of GPUs, for interfaces that give no name.
std::string vendor_name(uint32_t id) {
  switch (id) {
    case 0x1002:
      return "AMD";
    case 0x106b:
      return "Apple";
    case 0x10005:
      return "Mesa";
    case 0x10de:
      return "NVIDIA";
    case 0x13b5:
      return "ARM";
    case 0x5143:
      return "Qualcomm";
    case 0x8086:
      return "Intel";
    default:
      return "unknown";
  }
}

GpuType type_of(WGPUAdapterType type) {
  switch (type) {
    case WGPUAdapterType_DiscreteGPU:
      return GpuType::discrete;
    case WGPUAdapterType_IntegratedGPU:
      return GpuType::integrated;
    case WGPUAdapterType_CPU:
      return GpuType::software;
    default:
      return GpuType::unknown;
  }
}

std::vector<WGPUFeatureName> features_of(WGPUAdapter adapter) {
  WGPUSupportedFeatures all{};
  wgpu().AdapterGetFeatures(adapter, &all);
  std::vector<WGPUFeatureName> used;
  for (const WGPUFeatureName feature :
       {feature_f16, feature_timestamps, feature_subgroups, feature_immediates})
    if (std::count(all.features, all.features + all.featureCount, feature) > 0) used.push_back(feature);
  wgpu().SupportedFeaturesFreeMembers(all);
  return used;
}

void take_info(Adapter& adapter) {
  WGPUAdapterInfo info{};
  if (wgpu().AdapterGetInfo(adapter.handle.get(), &info) != WGPUStatus_Success) return;
  Gpu& gpu = adapter.gpu;
  gpu.name = view(info.device);
  gpu.vendor = vendor_name(info.vendorID);
  gpu.interface = interface_name(info.backendType);
  gpu.driver = concat(view(info.vendor), " ", view(info.description));
  gpu.type = type_of(info.adapterType);
  gpu.min_subgroup_threads = static_cast<int>(info.subgroupMinSize);
  gpu.max_subgroup_threads = static_cast<int>(info.subgroupMaxSize);
  wgpu().AdapterInfoFreeMembers(info);
}

Adapter describe(WGPUAdapter handle) {
  Adapter adapter;
  adapter.handle = AdapterHandle(handle);
  take_info(adapter);
  wgpu().AdapterGetLimits(handle, &adapter.limits);
  adapter.features = features_of(handle);
  Gpu& gpu = adapter.gpu;
  gpu.max_buffer_bytes = adapter.limits.maxBufferSize;
  gpu.max_binding_bytes = adapter.limits.maxStorageBufferBindingSize;
  gpu.max_workgroup_threads = static_cast<int>(adapter.limits.maxComputeInvocationsPerWorkgroup);
  gpu.workgroup_bytes = static_cast<int>(adapter.limits.maxComputeWorkgroupStorageSize);
  gpu.has_f16 = adapter.has(feature_f16);
  gpu.has_subgroups = adapter.has(feature_subgroups);
  gpu.has_timestamps = adapter.has(feature_timestamps);
  if (!adapter.has(feature_immediates)) gpu.problem = "it lacks immediate data (push constants)";
  return adapter;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// The GPUs as a sentence lists them.
std::string names(std::span<const Gpu> gpus) {
  std::string text;
  for (const Gpu& gpu : gpus) text += concat(text.empty() ? "'" : ", '", gpu.name, "'");
  return text.empty() ? "none" : text;
}

}  // namespace

bool Adapter::has(WGPUFeatureName feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

std::vector<Adapter> enumerate_adapters() {
  std::vector<WGPUAdapter> handles(wgpu().InstanceEnumerateAdapters(instance(), nullptr, nullptr));
  handles.resize(wgpu().InstanceEnumerateAdapters(instance(), nullptr, handles.data()));
  std::vector<Adapter> adapters;
  for (const WGPUAdapter handle : handles) adapters.push_back(describe(handle));
  return adapters;
}

int automatic_choice(std::span<const Gpu> gpus) {
  for (const GpuType type : {GpuType::discrete, GpuType::integrated, GpuType::unknown})
    for (size_t i = 0; i < gpus.size(); ++i)
      if (gpus[i].type == type && gpus[i].problem.empty()) return static_cast<int>(i);
  return -1;
}

int choose_by_name(std::span<const Gpu> gpus, std::string_view name) {
  if (name == "auto") {
    const int chosen = automatic_choice(gpus);
    require(chosen >= 0, ErrorKind::io, "no GPU was found that can be used: of ", names(gpus),
            " none is real; `realizar devices` says more");
    return chosen;
  }
  const std::string wanted = lower_case(name);
  int chosen = -1;
  for (size_t i = 0; i < gpus.size(); ++i) {
    const bool fits = wanted == "software" ? gpus[i].type == GpuType::software
                                           : lower_case(gpus[i].name).find(wanted) != std::string::npos;
    if (!fits || (chosen >= 0 && gpus[i].name == gpus[static_cast<size_t>(chosen)].name)) continue;
    require(chosen < 0, ErrorKind::invalid_argument, "more than one GPU is named '", name,
            "': ", names(gpus));
    chosen = static_cast<int>(i);
  }
  require(chosen >= 0, ErrorKind::invalid_argument, "no GPU is named '", name, "'; there are: ", names(gpus));
  return chosen;
}

}  // namespace realizar::gpu::webgpu
