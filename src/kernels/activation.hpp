#pragma once

namespace realizar::kernels {

/// The functions of gated and plain feed-forward networks.
enum class Activation { silu, gelu_tanh, gelu_erf, gelu_quick, relu, relu_squared, swiglu_oai };

inline constexpr int n_activations = 7;

}  // namespace realizar::kernels
