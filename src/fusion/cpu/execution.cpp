#include "fusion/cpu/execution.hpp"

#include <algorithm>

#include "fusion/check_batch.hpp"

namespace realizar::fusion::cpu {
namespace {

/// What the ops of a plan need room for.
struct Needs {
  int64_t input_cols = 0;     // widest input of a product
  int64_t input_numbers = 0;  // largest input of a product, for each token of a batch
  int64_t hidden = 0;         // hidden numbers of experts, for each token
  int64_t pairs = 0;          // experts used by a token
  int64_t scratch = 0;        // numbers that a worker needs for itself

  explicit Needs(const Plan& plan) {
    for (const Op& op : plan.ops) {
      scratch = std::max(scratch, scratch_of(plan, op));
      if (const auto* products = std::get_if<Products>(&op)) input(products->in.width, 1);
      if (const auto* logits = std::get_if<Logits>(&op)) input(logits->in.width, 1);
      if (const auto* heads = std::get_if<HeadLinear>(&op))
        input(plan.weight(heads->weight).n_cols, heads->n_heads);
      if (const auto* experts = std::get_if<Experts>(&op)) {
        const int64_t ffn = plan.weight(experts->down).n_cols, used = experts->experts.width;
        input(experts->in.width, used);
        input(ffn, used);
        hidden = std::max(hidden, ffn * used);
        pairs = std::max(pairs, used);
      }
    }
  }

 private:
  void input(int64_t n_cols, int64_t rows_per_token) {
    input_cols = std::max(input_cols, n_cols);
    input_numbers = std::max(input_numbers, n_cols * rows_per_token);
  }

  static int64_t scratch_of(const Plan& plan, const Op& op) {
    if (const auto* attention = std::get_if<Attention>(&op))
      return attention_scratch(*attention, plan.kv[static_cast<size_t>(attention->layer)]);
    if (const auto* positions = std::get_if<AddPositionEmbedding>(&op)) return positions->x.width;
    int64_t most = 0;
    if (const auto* run = std::get_if<PerToken>(&op))
      for (const Op& inner : run->ops) most = std::max(most, scratch_of(plan, inner));
    return most;
  }
};

}  // namespace

Execution::Execution(const Plan& p, const DeviceOptions& options, backend::ThreadPool& threads,
                     const Weights& w, KvCache& cache)
    : plan(p),
      pool(threads),
      weights(w),
      kv(cache),
      angles(p.rope_tables, options.max_batch_tokens),
      clock(threads),
      placement_(place_buffers(plan)),
      buffers_(static_cast<size_t>(placement_.width * options.max_batch_tokens) * sizeof(float)),
      max_tokens_(options.max_batch_tokens) {
  const Needs needs(plan);
  shared_input_ = tensor::ProductInput(needs.input_numbers * max_tokens_);
  for (int i = 0; i < pool.size(); ++i) own_inputs_.emplace_back(needs.input_cols * few_tokens);
  expert_hidden = backend::AlignedBuffer(static_cast<size_t>(needs.hidden * max_tokens_) * sizeof(float));
  expert_pairs.resize(static_cast<size_t>(needs.pairs * max_tokens_));
  // In whole cache lines, which no two workers share.
  scratch_width_ = (needs.scratch + 15) / 16 * 16;
  scratch_ = backend::AlignedBuffer(static_cast<size_t>(scratch_width_ * pool.size()) * sizeof(float));
  activation_bytes_ = buffers_.size() + shared_input_.bytes() + expert_hidden.size() + scratch_.size();
  for (const auto& own : own_inputs_) activation_bytes_ += own.bytes();
}

void Execution::begin(const Batch& b) {
  check_batch(b, plan, max_tokens_, kv.n_pages());
  n_tokens = static_cast<int64_t>(b.tokens.size());
  asked.clear();
  for (size_t t = 0; t < b.tokens.size(); ++t)
    if (b.wants_logits[t] != 0) asked.push_back(static_cast<int64_t>(t));
  batch = b;
  logits.resize(asked.size() * static_cast<size_t>(plan.n_out()));
}

}  // namespace realizar::fusion::cpu
