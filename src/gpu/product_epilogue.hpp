#pragma once

#include <string>

#include "gpu/view.hpp"
#include "gpu/webgpu/recording.hpp"
#include "kernels/activation.hpp"

namespace realizar::gpu {

/// What becomes of a product before it is stored: y = scale * product + bias, then one thing more; as
/// epilogue.wgsl has it.
struct ProductEpilogue {
  enum class Kind {
    plain,           ///< y
    add_other,       ///< other + factor * y
    gate_other,      ///< activation(other) * y
    activate_alone,  ///< activation(y)
  };
  Kind kind = Kind::plain;
  float scale = 1;
  bool scales_differ = false, has_bias = false;
  uint32_t scales_at = 0, bias_at = 0;  // in `vectors`: a scale for each of several matrices, biases of all
  webgpu::Binding vectors{};
  View other{};  // in the buffer that the product goes to
  float factor = 1;
  kernels::Activation activation = kernels::Activation::silu;

  /// The arguments of the kernel, for rows from `first_row` on.
  struct Arguments {
    uint32_t bias_at, scales_at;
    float scale;
    View other;
    float factor;
  };
  Arguments arguments(uint32_t first_row) const {
    return {bias_at + first_row, scales_at, scale, {other.at + first_row, other.stride}, factor};
  }
  /// The text ahead of a kernel.
  std::string text() const;
  /// Different for different texts.
  std::string key() const;
};

}  // namespace realizar::gpu
