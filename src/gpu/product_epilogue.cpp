#include "gpu/product_epilogue.hpp"

#include "base/error.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {

std::string ProductEpilogue::text() const {
  return concat("const epilogue = ", static_cast<int>(kind),
                "u;\nconst has_bias = ", has_bias ? "true" : "false",
                ";\nconst scales_differ = ", scales_differ ? "true" : "false", ";\n",
                webgpu::activation_constants(activation, true), webgpu::kernel_source("activations"),
                webgpu::kernel_source("epilogue"));
}

std::string ProductEpilogue::key() const {
  const bool activates = kind == Kind::gate_other || kind == Kind::activate_alone;
  return concat(static_cast<int>(kind), has_bias, scales_differ,
                activates ? static_cast<int>(activation) : 0);
}

}  // namespace realizar::gpu
