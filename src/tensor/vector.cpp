#include "tensor/vector.hpp"

#include "base/error.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::tensor {
namespace {

const kernels::KernelTable& table() { return kernels::kernels(); }

int64_t length(size_t n) { return static_cast<int64_t>(n); }

void same_length(const char* what, size_t expected, size_t actual) {
  require(expected == actual, ErrorKind::invalid_argument, what, " of ", expected, " numbers was given ",
          actual);
}

void check_norm(Vector x, const NormWeights& weights, std::span<float> out) {
  same_length("a norm", x.size(), out.size());
  if (!weights.weight.empty()) same_length("a norm's weight", x.size(), weights.weight.size());
  if (!weights.bias.empty()) same_length("a norm's bias", x.size(), weights.bias.size());
}

const float* or_null(std::span<const float> values) { return values.empty() ? nullptr : values.data(); }

}  // namespace

float Vector::dot(Vector other) const {
  same_length("a dot product", size(), other.size());
  return table().dot(data(), other.data(), length(size()));
}

void rms_norm(Vector x, const NormWeights& w, std::span<float> out) {
  check_norm(x, w, out);
  table().rms_norm(x.data(), or_null(w.weight), or_null(w.bias), w.epsilon, length(x.size()), out.data());
}

void layer_norm(Vector x, const NormWeights& w, std::span<float> out) {
  check_norm(x, w, out);
  table().layer_norm(x.data(), or_null(w.weight), or_null(w.bias), w.epsilon, length(x.size()), out.data());
}

void activate(Activation activation, Vector gate, std::span<float> out) {
  same_length("an activation", gate.size(), out.size());
  require(activation != Activation::swiglu_oai, ErrorKind::invalid_argument,
          "swiglu_oai needs a gate and an up vector");
  table().gate[static_cast<int>(activation)](gate.data(), nullptr, length(gate.size()), out.data());
}

void activate(Activation activation, Vector gate, Vector up, std::span<float> out) {
  same_length("an activation", gate.size(), out.size());
  same_length("a gated activation", gate.size(), up.size());
  table().gate[static_cast<int>(activation)](gate.data(), up.data(), length(gate.size()), out.data());
}

void add(Vector a, Vector b, float factor, std::span<float> out) {
  same_length("a sum", a.size(), b.size());
  same_length("a sum", a.size(), out.size());
  table().add(a.data(), b.data(), factor, length(a.size()), out.data());
}

void multiply(Vector a, Vector b, std::span<float> out) {
  same_length("a product", a.size(), b.size());
  same_length("a product", a.size(), out.size());
  table().multiply(a.data(), b.data(), length(a.size()), out.data());
}

void scale(Vector x, float factor, std::span<float> out) {
  same_length("a scaled vector", x.size(), out.size());
  table().scale(x.data(), factor, length(x.size()), out.data());
}

void sigmoid(Vector x, std::span<float> out) {
  same_length("a sigmoid", x.size(), out.size());
  table().sigmoid(x.data(), length(x.size()), out.data());
}

void soft_cap(std::span<float> x, float cap) { table().soft_cap(x.data(), cap, length(x.size())); }

void softmax(std::span<float> x) {
  if (!x.empty()) table().softmax(x.data(), length(x.size()));
}

void rope(std::span<float> x, Vector cosines, Vector sines, RopePairs pairs) {
  require(x.size() % 2 == 0, ErrorKind::invalid_argument, "a rotation needs pairs, not ", x.size(),
          " numbers");
  same_length("a rotation's cosines", x.size() / 2, cosines.size());
  same_length("a rotation's sines", x.size() / 2, sines.size());
  table().rope(x.data(), cosines.data(), sines.data(), static_cast<int>(x.size()),
               pairs == RopePairs::halves);
}

}  // namespace realizar::tensor
