#include "fusion/cpu/weights.hpp"

#include <algorithm>

#include "backend/system.hpp"
#include "base/error.hpp"
#include "fusion/weight_uses.hpp"
#include "kernels/dequantize.hpp"
#include "kernels/formats.hpp"

namespace realizar::fusion::cpu {

Weights::Weights(const Plan& plan, tensor::Arithmetic arithmetic, backend::ThreadPool& pool,
                 const std::function<void(std::span<const std::byte>)>& release,
                 const std::function<void(uint64_t, uint64_t)>& progress)
    : matrices_(plan.weights.size()), floats_(plan.weights.size()) {
  const WeightUses uses(plan);
  uint64_t done = 0, total = 0;
  size_t panel_bytes = 0;
  for (size_t i = 0; i < plan.weights.size(); ++i) {
    const Weight& w = plan.weights[i];
    if (uses.product[i])
      panel_bytes += tensor::Matrix::packed_bytes(w.type, w.n_rows, w.n_cols, w.n_matrices, arithmetic);
  }
  for (const size_t i : uses.order) total += plan.weights[i].data.size();
  // Where there are no pages, each matrix stands by itself, in the place of what the file's bytes of others
  // took.
  if (backend::system::has_pages) panels_ = backend::AlignedBuffer(panel_bytes, backend::Fill::none);
  bytes_ = panel_bytes;
  std::span<std::byte> room(panels_.data(), panels_.size());
  for (const size_t i : uses.order) {
    const Weight& weight = plan.weights[i];
    if (uses.product[i]) {
      const size_t size = tensor::Matrix::packed_bytes(weight.type, weight.n_rows, weight.n_cols,
                                                       weight.n_matrices, arithmetic);
      matrices_[i] = tensor::Matrix(weight.type, weight.n_rows, weight.n_cols, weight.n_matrices, weight.data,
                                    arithmetic, pool, room.first(std::min(size, room.size())));
      room = room.subspan(std::min(size, room.size()));
      if (release && !uses.table[i]) release(weight.data);
    }
    if (uses.values[i]) {
      floats_[i].resize(static_cast<size_t>(weight.n_cols * weight.n_rows * weight.n_matrices));
      kernels::dequantize(weight.type, reinterpret_cast<const uint8_t*>(weight.data.data()),
                          floats_[i].size(), floats_[i].data());
      bytes_ += floats_[i].size() * sizeof(float);
    }
    done += weight.data.size();
    if (progress) progress(done, total);
  }
}

}  // namespace realizar::fusion::cpu
