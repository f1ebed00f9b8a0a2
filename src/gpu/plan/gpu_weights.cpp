#include "gpu/plan/gpu_weights.hpp"

#include "base/error.hpp"
#include "fusion/weight_uses.hpp"
#include "gpu/plan/weight_groups.hpp"
#include "kernels/dequantize.hpp"

namespace realizar::gpu {

GpuWeights::GpuWeights(const webgpu::Device& device, GpuBufferPool& pool, const fusion::Plan& plan,
                       const fusion::DeviceOptions& options,
                       const std::function<void(std::span<const std::byte>)>& release)
    : matrices_(plan.weights.size()),
      n_together_(plan.weights.size(), 1),
      values_(plan.weights.size()),
      vector_at_(plan.weights.size()) {
  const fusion::WeightUses uses(plan);
  WeightSender sender(device);
  uint64_t done = 0, total = 0;
  for (const size_t i : uses.order) total += plan.weights[i].data.size();
  if (options.arithmetic == fusion::Arithmetic::fast)
    for (const WeightGroup& group : weight_groups(plan)) {
      std::vector<MatrixRows> sources;
      for (const fusion::WeightId id : group.members) {
        const fusion::Weight& weight = plan.weight(id);
        sources.push_back({weight.data, weight.n_rows, weight.n_matrices});
        n_together_[static_cast<size_t>(id.index)] = 0;
      }
      const fusion::WeightId first = group.members[0];
      n_together_[static_cast<size_t>(first.index)] = group.members.size();
      matrices_[static_cast<size_t>(first.index)].emplace(GpuMatrix(
          sender, pool, plan.weight(first).type, plan.weight(first).n_cols, sources, group.arrangement));
      for (const MatrixRows& source : sources) {
        if (release) release(source.file);
        done += source.file.size();
      }
      if (options.progress) options.progress(done, total);
    }
  std::vector<float> vectors;
  for (const size_t i : uses.order) {
    if (n_together_[i] != 1) continue;
    const fusion::Weight& weight = plan.weights[i];
    if (uses.product[i] || uses.token_table[i]) {
      if (options.arithmetic == fusion::Arithmetic::fast && webgpu::WeightLayout::has(weight.type))
        matrices_[i].emplace(GpuMatrix(sender, pool, weight.type, weight.n_cols,
                                       {{weight.data, weight.n_rows, weight.n_matrices}}));
      else
        matrices_[i].emplace(GpuDenseMatrix(sender, pool, weight.type, weight.data,
                                            weight.n_rows * weight.n_matrices, weight.n_cols));
      if (release && (uses.token_table[i] || !uses.table[i])) release(weight.data);
    }
    if (uses.values[i]) {
      values_[i].resize(static_cast<size_t>(weight.n_cols * weight.n_rows * weight.n_matrices));
      kernels::dequantize(weight.type, reinterpret_cast<const uint8_t*>(weight.data.data()),
                          values_[i].size(), values_[i].data());
      vector_at_[i] = static_cast<uint32_t>(vectors.size());
      vectors.insert(vectors.end(), values_[i].begin(), values_[i].end());
    }
    done += weight.data.size();
    if (options.progress) options.progress(done, total);
  }
  if (vectors.empty()) vectors.push_back(0);  // something must be bound
  vectors_ = pool.acquire(vectors.size() * sizeof(float), webgpu::BufferUse::weights);
  device.write(vectors_.get(), 0, std::as_bytes(std::span(vectors)));
}

uint64_t GpuWeights::bytes() const {
  uint64_t bytes = vectors_.bytes();
  for (const auto& weight : matrices_)
    if (weight) bytes += std::visit([](const auto& matrix) { return matrix.bytes(); }, *weight);
  return bytes;
}

}  // namespace realizar::gpu
