// Ahead of kernels that stand behind the constants `activation`, as enum Activation of src/kernels/activation.hpp counts,
// and `gated`; the formulas are those of src/kernels/generic/math.hpp.

// WGSL lets e^x be anything where it overflows: 1 + e^87 is as good as infinite.
fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 87.0)));
}

// Likewise: beyond 9.1 the hyperbolic tangent rounds to 1.
fn bounded_tanh(x: f32) -> f32 {
  return tanh(clamp(x, -10.0, 10.0));
}

// The error function: Abramowitz and Stegun 7.1.26, within 1.5e-7.
fn erf(x: f32) -> f32 {
  let magnitude = abs(x);
  let t = 1.0 / fma(0.3275911, magnitude, 1.0);
  var p = fma(1.061405429, t, -1.453152027);
  p = fma(p, t, 1.421413741);
  p = fma(p, t, -0.284496736);
  p = fma(p, t, 0.254829592);
  return sign(x) * (1.0 - p * t * exp(-min(magnitude * magnitude, 87.0)));
}

fn activated(x: f32) -> f32 {
  switch activation {
    case 0u: { return x * sigmoid(x); }  // silu
    case 1u: { return 0.5 * x * (1.0 + bounded_tanh(0.797884561 * fma(0.044715, x * x * x, x))); }  // gelu_tanh
    case 2u: { return 0.5 * x * (1.0 + erf(x * 0.707106781)); }  // gelu_erf
    case 3u: { return x * sigmoid(1.702 * x); }  // gelu_quick
    case 4u: { return max(x, 0.0); }  // relu
    default: {  // relu_squared
      let positive = max(x, 0.0);
      return positive * positive;
    }
  }
}

const swiglu_oai = 6u;

// activation(gate) * up, or the activation alone.
fn gate_of(gate: f32, up: f32) -> f32 {
  if (!gated) {
    return activated(gate);
  }
  if (activation == swiglu_oai) {
    let g = min(gate, 7.0);
    return g * sigmoid(1.702 * g) * (clamp(up, -7.0, 7.0) + 1.0);
  }
  return activated(gate) * up;
}
