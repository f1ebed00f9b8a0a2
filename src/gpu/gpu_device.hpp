#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "fusion/device.hpp"

namespace realizar::gpu {

namespace webgpu {
class Device;
}

/// A plan on a GPU: weights are sent once as the file has them, re-laid for the kernels; activations and the
/// KV cache stay there; a batch is one submission of kernels that were recorded once for its shape. In
/// *exact* arithmetic quantised matrices become f32. `gpu`: "auto", "software", or (part of) a name. Throws
/// as GpuCompute does.
std::unique_ptr<fusion::Device> make_gpu_device(
    fusion::Plan plan, const fusion::DeviceOptions& options, const std::string& gpu,
    const std::function<void(std::span<const std::byte>)>& release = {});

/// The same on a GPU that is open already.
std::unique_ptr<fusion::Device> make_gpu_device(
    fusion::Plan plan, const fusion::DeviceOptions& options, std::shared_ptr<webgpu::Device> gpu,
    const std::function<void(std::span<const std::byte>)>& release = {});

}  // namespace realizar::gpu
