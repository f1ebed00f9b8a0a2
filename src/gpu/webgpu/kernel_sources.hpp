#pragma once

#include <string>
#include <string_view>

#include "kernels/activation.hpp"

namespace realizar::gpu::webgpu {

/// The text of kernels/NAME.wgsl, embedded at build. Throws internal when there is none.
std::string_view kernel_source(std::string_view name);

/// The constants that activations.wgsl needs ahead of it.
inline std::string activation_constants(kernels::Activation activation, bool gated) {
  return "const activation = " + std::to_string(static_cast<int>(activation)) +
         "u;\nconst gated = " + (gated ? "true" : "false") + ";\n";
}

}  // namespace realizar::gpu::webgpu
