#include "api/transformer.hpp"
#include "base/error.hpp"
#include "gpu/gpu_device.hpp"
#include "realizar/devices.hpp"

namespace realizar {
namespace {

GGUFTransformer load_on_cpu(const std::filesystem::path& path, const LoadOptions& options) {
  return load_transformer(path, options, fusion::make_cpu_device);
}

GGUFTransformer load_on_gpu(const std::filesystem::path& path, const LoadOptions& options) {
  const auto make_device = [&](fusion::Plan plan, const fusion::DeviceOptions& device_options,
                               const std::function<void(std::span<const std::byte>)>& release) {
    return gpu::make_gpu_device(std::move(plan), device_options, options.gpu, release);
  };
  return load_transformer(path, options, make_device);
}

GGUFTransformer load_automatically(const std::filesystem::path& path, const LoadOptions& options) {
  if (options.arithmetic == Arithmetic::exact || list_gpus().automatic < 0) return load_on_cpu(path, options);
  try {
    return load_on_gpu(path, options);
  } catch (const Error& error) {
    // What is wrong with the file or the options is wrong on the CPU too, and is said there.
    GGUFTransformer model = load_on_cpu(path, options);
    if (options.on_fallback) options.on_fallback(error.what());
    return model;
  }
}

}  // namespace

GGUFTransformer GGUFTransformer::load(const std::filesystem::path& path, const LoadOptions& options) {
  switch (options.device) {
    case DeviceChoice::gpu:
      return load_on_gpu(path, options);
    case DeviceChoice::automatic:
      return load_automatically(path, options);
    case DeviceChoice::cpu:
      break;
  }
  return load_on_cpu(path, options);
}

}  // namespace realizar
