#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "backend/thread_pool.hpp"
#include "fusion/buffer_placement.hpp"
#include "fusion/cpu/kv_cache.hpp"
#include "fusion/cpu/op_clock.hpp"
#include "fusion/cpu/weights.hpp"
#include "fusion/device.hpp"
#include "fusion/op.hpp"
#include "fusion/rope_angles.hpp"
#include "tensor/product_input.hpp"
#include "tensor/tile.hpp"

// How the CPU device runs a batch: one region of the thread pool in which every worker goes through the ops
// with the others. Each op below shares its work among the workers and ends with a barrier, so that an op
// sees all that the ones before it wrote.
namespace realizar::fusion::cpu {

/// Batches up to this many tokens: every worker prepares the inputs of products for itself, which costs less
/// than the barrier after a shared preparation.
inline constexpr int64_t few_tokens = 4;

/// Everything an op reads and writes. One for a device; `begin` sets it to a batch.
class Execution {
 public:
  Execution(const Plan& plan, const DeviceOptions& options, backend::ThreadPool& pool, const Weights& weights,
            KvCache& kv);

  /// Throws `invalid_argument` as Device::run does.
  void begin(const Batch& batch);

  /// All columns of a slot for a token.
  std::span<float> row(const Slot& slot, int64_t token) {
    const auto buffer = static_cast<size_t>(slot.buffer);
    return {buffers_.as<float>().data() + placement_.offsets[buffer] * max_tokens_ +
                token * plan.buffer_widths[buffer] + slot.offset,
            static_cast<size_t>(slot.width)};
  }

  /// Columns [column, column + n_columns) of a slot for tokens that follow each other.
  tensor::Rows rows(const Slot& slot, int64_t first_token, int count, int64_t column, int n_columns) {
    return {row(slot, first_token).data() + column, plan.buffer_widths[static_cast<size_t>(slot.buffer)],
            count, n_columns};
  }

  /// The input of a product, `fill(input, i)` having filled rows i = 0 ... n_rows - 1. All workers call it
  /// alike.
  template <class Fill>
  const tensor::ProductInput& prepare(int worker, int64_t n_rows, int64_t n_cols,
                                      const tensor::InputForms& forms, Fill&& fill) {
    const OpClock::Part part(clock, worker, "inputs");
    if (n_rows <= few_tokens) {
      tensor::ProductInput& own = own_inputs_[static_cast<size_t>(worker)];
      own.reset(n_rows, n_cols, forms);
      for (int64_t i = 0; i < n_rows; ++i) fill(own, i);
      return own;
    }
    if (worker == 0) shared_input_.reset(n_rows, n_cols, forms);
    pool.barrier();
    // Neighbours share cache lines of the int8 form, so a worker takes several.
    pool.parallel_for(n_rows, 8, [&](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) fill(shared_input_, i);
    });
    return shared_input_;
  }

  /// Numbers for a worker's own use within a task, enough for any op of the plan.
  std::span<float> scratch(int worker) {
    const auto width = static_cast<size_t>(scratch_width_);
    return scratch_.as<float>().subspan(static_cast<size_t>(worker) * width, width);
  }

  const Plan& plan;
  backend::ThreadPool& pool;
  const Weights& weights;
  KvCache& kv;
  RopeAngles angles;
  OpClock clock;

  Batch batch;
  int64_t n_tokens = 0;
  std::vector<int64_t> asked;  // tokens whose logits are asked for
  std::vector<float> logits;   // (asked, n_out)

  /// Partial results of attention: for few tokens and many positions, segments are shared among workers.
  std::vector<float> partial;
  /// For each pair of token and expert in use, grouped by expert: the pair's number, token * n_used + slot.
  std::vector<int32_t> expert_pairs;
  std::vector<int32_t> expert_begins;    // (n_experts + 1) into expert_pairs
  std::vector<int64_t> used_experts;     // those that have pairs, in order
  backend::AlignedBuffer expert_hidden;  // (pairs, ffn)

  uint64_t activation_bytes() const { return activation_bytes_; }

 private:
  BufferPlacement placement_;
  backend::AlignedBuffer buffers_;  // (placement_.width, max_tokens): a buffer's tokens stand together
  tensor::ProductInput shared_input_;
  std::vector<tensor::ProductInput> own_inputs_;  // (workers)
  int64_t scratch_width_ = 0;
  backend::AlignedBuffer scratch_;  // (workers, scratch_width)
  int max_tokens_;
  uint64_t activation_bytes_ = 0;
};

void execute(const Products& op, Execution& e, int worker);
void execute(const HeadLinear& op, Execution& e, int worker);
void execute(const Logits& op, Execution& e, int worker);
void execute(const Attention& op, Execution& e, int worker);
/// Numbers that a worker needs for itself in attention.
int64_t attention_scratch(const Attention& op, const KvShape& layer);
void execute(const Experts& op, Execution& e, int worker);
/// An op that treats every token by itself. Throws `internal` for the others.
void execute_for_token(const Op& op, Execution& e, int64_t token, int worker);

}  // namespace realizar::fusion::cpu
