#pragma once

#include "realizar/devices.hpp"

namespace realizar::gpu {

/// The GPUs of this machine, as `realizar::list_gpus` has them. In a build without WebGPU there are none, and
/// `problem` says so.
GpuList list_gpus();

}  // namespace realizar::gpu
