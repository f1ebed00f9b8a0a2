#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/buffer_placement.hpp"
#include "fusion/device.hpp"
#include "fusion/rope_angles.hpp"
#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/view.hpp"

namespace realizar::gpu {

/// What a plan's kernels read and write beside its weights.
class PlanBuffers {
 public:
  /// Throws out_of_memory; limit_exceeded, saying what would fit, when activations of so many tokens are more
  /// than a kernel sees.
  PlanBuffers(const webgpu::Device& device, GpuBufferPool& pool, const fusion::Plan& plan,
              const fusion::DeviceOptions& options);

  /// Sends tokens, positions, page tables and asked rows, angles, and rows of tables by position. What was
  /// sent before stays as it is for batches that are submitted. Says whether the page tables took a larger
  /// buffer, which kernels recorded before do not know.
  bool send(const fusion::Batch& batch, std::span<const uint32_t> asked);

  /// Columns of an activation buffer.
  View view(const fusion::Slot& slot) const;
  /// Room of its own for results between kernels that no slot has: of a gate or the gates of experts, 0, of
  /// experts, 1, of a norm, 2, and of tokens grouped by expert, 3.
  View scratch(int index, int width) const;
  /// The rows that are sent for the plan's op number `index` among those that take such.
  View embeddings(int index) const { return embeddings_[static_cast<size_t>(index)]; }
  View angles(int table) const;
  /// Room for partial results of attention, behind the columns of all tokens, and how much.
  uint32_t partials_at() const { return static_cast<uint32_t>(partials_at_); }
  int64_t partial_numbers() const { return partial_numbers_; }
  uint32_t asked_at() const { return 2 * static_cast<uint32_t>(max_tokens_); }
  uint32_t tokens_at() const { return 3 * static_cast<uint32_t>(max_tokens_); }
  /// Whether a batch may have tokens that only the GPU knows.
  bool takes_chosen_tokens() const { return takes_chosen_tokens_; }
  int max_tokens() const { return max_tokens_; }

  /// Room for the peaks of what ops of the plan make of one token, of words; and for those of numbers times
  /// the weights of a norm, which products keep that take the others, and the other way round.
  webgpu::Binding peaks() const { return peaks_.binding(); }
  webgpu::Binding weighted_peaks() const { return weighted_peaks_.binding(); }

  webgpu::Binding activations() const { return activations_.binding(); }
  webgpu::Binding batch() const { return batch_.binding(); }
  webgpu::Binding angle_numbers() const { return angles_.binding(); }
  webgpu::Binding embedding_rows() const { return embedding_rows_.binding(); }

  uint64_t bytes() const;

 private:
  void send_angles(const fusion::Batch& batch);
  void send_embeddings(const fusion::Batch& batch);

  const webgpu::Device* device_;
  GpuBufferPool* pool_;
  const fusion::Plan* plan_;
  int max_tokens_;
  fusion::BufferPlacement placement_;
  fusion::RopeAngles angle_values_;
  static constexpr int n_rooms = 4;
  int64_t scratch_at_[n_rooms] = {};  // columns before a token's, in the row of activations
  int64_t partials_at_ = 0, partial_numbers_ = 0;
  std::vector<fusion::WeightId> tables_;  // of rows that are sent, by position; none: those of the batch
  bool takes_chosen_tokens_ = true;
  std::vector<View> embeddings_;  // the rows of `tables_`
  GpuBuffer activations_, batch_, angles_, embedding_rows_, peaks_, weighted_peaks_;
};

}  // namespace realizar::gpu
