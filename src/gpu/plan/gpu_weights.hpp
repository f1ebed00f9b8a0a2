#pragma once

#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "fusion/device.hpp"
#include "gpu/plan/gpu_dense_matrix.hpp"
#include "gpu/quantized_products.hpp"

namespace realizar::gpu {

using GpuWeight = std::variant<GpuMatrix, GpuDenseMatrix>;

/// The plan's weights on a GPU: matrices of products in the layouts of their kernels, several of a weight one
/// after the other, and several weights of one input as one; vectors in f32 one
/// after the other in one buffer. Tables that are looked up by position stay in the file.
class GpuWeights {
 public:
  /// In *exact* arithmetic quantised matrices become f32. `release(bytes)` is called with file bytes that are
  /// not needed any more. Throws out_of_memory.
  GpuWeights(const webgpu::Device& device, GpuBufferPool& pool, const fusion::Plan& plan,
             const fusion::DeviceOptions& options,
             const std::function<void(std::span<const std::byte>)>& release);

  /// Of a product, or the table of an Embed.
  const GpuWeight& matrix(fusion::WeightId id) const { return *matrices_[static_cast<size_t>(id.index)]; }
  /// Of so many of the op's weights, beginning with this one, is `matrix(id)`; see WeightGroup. 0: it is part
  /// of that of one before it.
  size_t n_together(fusion::WeightId id) const { return n_together_[static_cast<size_t>(id.index)]; }
  /// The first of a vector's numbers in `vectors()`; 0 where the plan has no such weight.
  uint32_t vector_at(fusion::WeightId id) const { return id ? vector_at_[static_cast<size_t>(id.index)] : 0; }
  /// Its numbers; none where the plan has no such weight.
  std::span<const float> values(fusion::WeightId id) const {
    return id ? std::span<const float>(values_[static_cast<size_t>(id.index)]) : std::span<const float>();
  }
  /// The one factor of a scale; 1 where the plan has none.
  float factor(fusion::WeightId id) const { return id ? values(id)[0] : 1; }
  webgpu::Binding vectors() const { return vectors_.binding(); }
  uint64_t bytes() const;

 private:
  std::vector<std::optional<GpuWeight>> matrices_;  // (weights of the plan)
  std::vector<size_t> n_together_;
  std::vector<std::vector<float>> values_;
  std::vector<uint32_t> vector_at_;
  GpuBuffer vectors_;
};

}  // namespace realizar::gpu
