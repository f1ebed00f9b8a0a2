// products: layer 2 by itself, the checked door to the kernels. The same weights in F32 and in Q8_0,
// multiplied with the same vector in both arithmetics; and what a wrong shape gets.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "backend/thread_pool.hpp"
#include "base/error.hpp"
#include "kernels/half.hpp"
#include "tensor/matrix.hpp"
#include "tensor/vector.hpp"

using namespace realizar;

namespace {

/// Q8_0: blocks of 32 weights, an f16 scale and 32 int8 codes each.
std::vector<std::byte> to_q8_0(const std::vector<float>& weights) {
  std::vector<std::byte> bytes;
  for (size_t at = 0; at < weights.size(); at += 32) {
    float largest = 0;
    for (size_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(weights[at + i]));
    const uint16_t scale = kernels::f32_to_f16(largest / 127);
    const float inverse = largest > 0 ? 1 / kernels::f16_to_f32(scale) : 0;
    std::byte block[34];
    std::memcpy(block, &scale, 2);
    for (size_t i = 0; i < 32; ++i)
      block[2 + i] = static_cast<std::byte>(
          static_cast<int8_t>(std::lround(std::clamp(weights[at + i] * inverse, -127.0f, 127.0f))));
    bytes.insert(bytes.end(), block, block + 34);
  }
  return bytes;
}

double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  double error = 0, energy = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    error += std::pow(static_cast<double>(a[i] - b[i]), 2);
    energy += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(error / energy);
}

}  // namespace

int main() {
  constexpr int64_t n_rows = 576, n_cols = 576;
  std::vector<float> weights(n_rows * n_cols), x(n_cols);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = std::sin(static_cast<float>(i * i % 1009));
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::cos(static_cast<float>(i * 7 % 113));

  // Weights are packed once, into panels that stream well; threads share the work of packing.
  backend::ThreadPool pool(1);
  const tensor::Matrix dense(kernels::TensorType::f32, n_rows, n_cols, 1, std::as_bytes(std::span(weights)),
                             tensor::Arithmetic::exact, pool);
  const std::vector<std::byte> blocks = to_q8_0(weights);
  const tensor::Matrix exact(kernels::TensorType::q8_0, n_rows, n_cols, 1, blocks, tensor::Arithmetic::exact,
                             pool);
  const tensor::Matrix fast(kernels::TensorType::q8_0, n_rows, n_cols, 1, blocks, tensor::Arithmetic::fast,
                            pool);

  const std::vector<float> y = dense.matmul(x);
  std::printf("bytes: F32 %zu, Q8_0 %zu\n", dense.bytes(), exact.bytes());
  std::printf("error of Q8_0 against F32: exact %.5f, fast %.5f\n", relative_error(exact.matmul(x), y),
              relative_error(fast.matmul(x), y));

  // The gated activation of a feed-forward network, and a dot product.
  std::vector<float> gated(y.size());
  tensor::activate(tensor::Activation::silu, y, y, gated);
  std::printf("y . silu(y)*y = %.3f\n", static_cast<double>(tensor::Vector(y).dot(gated)));

  try {
    (void)dense.matmul(std::vector<float>(n_cols + 1));
  } catch (const Error& error) {
    std::printf("a vector too long: %s\n", error.what());
  }
}
