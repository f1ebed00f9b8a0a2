#pragma once

#include <string_view>

namespace realizar::gpu::webgpu {

/// The text of kernels/NAME.wgsl, embedded at build. Throws internal when there is none.
std::string_view kernel_source(std::string_view name);

}  // namespace realizar::gpu::webgpu
