#pragma once

#include <functional>
#include <span>
#include <vector>

#include "fusion/plan.hpp"
#include "tensor/matrix.hpp"

namespace realizar::fusion::cpu {

/// The plan's weights as the CPU uses them: matrices of products in panels, vectors in f32, tables of
/// embeddings where the file has them.
class Weights {
 public:
  /// `release(bytes)` is called with file bytes that are not needed any more, `progress(done, total)` after
  /// each matrix.
  Weights(const Plan& plan, tensor::Arithmetic arithmetic, backend::ThreadPool& pool,
          const std::function<void(std::span<const std::byte>)>& release,
          const std::function<void(uint64_t, uint64_t)>& progress);

  const tensor::Matrix& matrix(WeightId id) const { return matrices_[static_cast<size_t>(id.index)]; }
  /// The f32 values; empty where the plan has no such weight.
  std::span<const float> floats(WeightId id) const {
    return id ? std::span<const float>(floats_[static_cast<size_t>(id.index)]) : std::span<const float>();
  }
  /// The one factor of a scale, or the factor of matrix `index`; 1 where the plan has none.
  float factor(WeightId id, int64_t index = 0) const {
    const std::span<const float> values = floats(id);
    return values.empty() ? 1 : values[values.size() == 1 ? 0 : static_cast<size_t>(index)];
  }
  uint64_t bytes() const { return bytes_; }

 private:
  /// The panels of all matrices in the order of their use: one stream through memory, in huge pages. Empty where
  /// memory has no pages: there each matrix has its own.
  backend::AlignedBuffer panels_;
  std::vector<tensor::Matrix> matrices_;    // (weights of the plan)
  std::vector<std::vector<float>> floats_;  // (weights of the plan)
  uint64_t bytes_ = 0;
};

}  // namespace realizar::fusion::cpu
