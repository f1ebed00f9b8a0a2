#pragma once

#include "realizar/devices.hpp"

namespace realizar::gpu {

/// The GPUs of this machine, as `realizar::list_gpus` has them. In a build without WebGPU there are none, and
/// `problem` says so.
GpuList list_gpus();

/// What the GPU of a name reads from its memory at best, in bytes a second; 0 where that cannot be measured.
double read_bandwidth(const std::string& gpu);

}  // namespace realizar::gpu
