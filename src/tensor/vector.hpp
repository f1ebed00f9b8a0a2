#pragma once

#include <concepts>
#include <span>

#include "kernels/activation.hpp"

// Checked operations on vectors of f32. All throw `invalid_argument` when lengths differ; outputs may be
// inputs.
namespace realizar::tensor {

using kernels::Activation;

/// A view of n numbers.
class Vector {
 public:
  /// From anything that a span takes: spans, std::vector, arrays.
  template <std::convertible_to<std::span<const float>> Range>
  Vector(const Range& values) : values_(values) {}

  /// The sum of products, in 16 lanes of FMAs and a fixed tree.
  float dot(Vector other) const;

  size_t size() const { return values_.size(); }
  const float* data() const { return values_.data(); }

 private:
  std::span<const float> values_;
};

/// How norms end: out = normalised * weight + bias, where either may be empty.
struct NormWeights {
  std::span<const float> weight, bias;
  float epsilon = 1e-5f;
};

/// out = x / sqrt(mean(x^2) + epsilon) ...
void rms_norm(Vector x, const NormWeights& weights, std::span<float> out);
/// out = (x - mean) / sqrt(variance + epsilon) ...
void layer_norm(Vector x, const NormWeights& weights, std::span<float> out);

/// out = activation(gate)
void activate(Activation activation, Vector gate, std::span<float> out);
/// out = activation(gate) * up
void activate(Activation activation, Vector gate, Vector up, std::span<float> out);

/// out = a + factor * b
void add(Vector a, Vector b, float factor, std::span<float> out);
/// out = a * b
void multiply(Vector a, Vector b, std::span<float> out);
/// out = factor * x
void scale(Vector x, float factor, std::span<float> out);
/// out = 1 / (1 + e^-x)
void sigmoid(Vector x, std::span<float> out);
/// x = cap * tanh(x / cap)
void soft_cap(std::span<float> x, float cap);
/// x = e^x / sum of e^x
void softmax(std::span<float> x);
/// Rotates the pairs of x by angles given as cosines and sines, half as many as x has: pairs are (i, i + n /
/// 2), or (2i, 2i + 1).
enum class RopePairs { halves, neighbours };
void rope(std::span<float> x, Vector cosines, Vector sines, RopePairs pairs);

}  // namespace realizar::tensor
