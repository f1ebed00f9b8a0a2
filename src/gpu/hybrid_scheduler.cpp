#include "gpu/hybrid_scheduler.hpp"

#include <algorithm>
#include <utility>

#include "backend/topology.hpp"
#include "base/error.hpp"
#include "tensor/matrix.hpp"
#include "tensor/vector.hpp"

namespace realizar::gpu {

HybridScheduler::HybridScheduler(std::shared_ptr<GpuCompute> gpu, int64_t threshold, int n_threads)
    : gpu_(std::move(gpu)),
      threshold_(threshold),
      pool_(n_threads > 0 ? n_threads : backend::topology().physical_cores) {
  require(threshold >= 0, ErrorKind::invalid_argument, "the threshold for the GPU is ", threshold,
          " numbers: it must not be negative");
}

HybridScheduler::Target HybridScheduler::target(int64_t n_numbers) const {
  return gpu_ && n_numbers >= threshold_ ? Target::gpu : Target::cpu;
}

std::vector<float> HybridScheduler::matmul(std::span<const float> x, std::span<const float> weights,
                                           int64_t n_cols) {
  if (on_gpu(std::max(x.size(), weights.size()))) return gpu_->matmul(x, weights, n_cols);
  require(n_cols > 0, ErrorKind::invalid_argument, "a product of ", n_cols, " columns");
  const int64_t n_rows = static_cast<int64_t>(weights.size()) / n_cols;
  return tensor::Matrix(kernels::TensorType::f32, n_rows, n_cols, 1, std::as_bytes(weights),
                        tensor::Arithmetic::exact, pool_)
      .matmul(x);
}

float HybridScheduler::dot(std::span<const float> a, std::span<const float> b) {
  return on_gpu(a.size()) ? gpu_->dot(a, b) : tensor::Vector(a).dot(b);
}

std::vector<float> HybridScheduler::activate(Activation activation, std::span<const float> gate,
                                             std::span<const float> up) {
  if (on_gpu(gate.size())) return gpu_->activate(activation, gate, up);
  std::vector<float> out(gate.size());
  if (up.empty())
    tensor::activate(activation, gate, out);
  else
    tensor::activate(activation, gate, up, out);
  return out;
}

std::vector<float> HybridScheduler::softmax(std::span<const float> x) {
  if (on_gpu(x.size())) return gpu_->softmax(x);
  std::vector<float> out(x.begin(), x.end());
  tensor::softmax(out);
  return out;
}

}  // namespace realizar::gpu
