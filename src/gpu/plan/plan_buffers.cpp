#include "gpu/plan/plan_buffers.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fusion/read_row.hpp"
#include "gpu/plan/attention_recorder.hpp"
#include "gpu/webgpu/weight_layout.hpp"

namespace realizar::gpu {

using namespace fusion;

namespace {

/// Of all that ops write.
int64_t n_peaks(const Plan& plan) {
  int64_t n = 1;
  for (const Op& op : plan.ops)
    for_each_slot(
        op, [](const Slot&) {}, [&](const Slot& slot) { n += webgpu::steps_of(slot.width); });
  return n;
}

/// Calls fn(op) for every op, those of PerToken one by one.
template <class Fn>
void for_each_op(const std::vector<Op>& ops, const Fn& fn) {
  for (const Op& op : ops)
    if (const auto* run = std::get_if<PerToken>(&op))
      for_each_op(run->ops, fn);
    else
      fn(op);
}

}  // namespace

PlanBuffers::PlanBuffers(const webgpu::Device& device, GpuBufferPool& pool, const Plan& plan,
                         const DeviceOptions& options)
    : device_(&device),
      pool_(&pool),
      plan_(&plan),
      max_tokens_(options.max_batch_tokens),
      // The store of keys and values may be left to the attention behind it.
      placement_(place_buffers(plan, 1)),
      angle_values_(plan.rope_tables, options.max_batch_tokens) {
  int64_t embedding_width = 0, scratch[n_rooms] = {};
  const auto need = [&](int room, int64_t columns) { scratch[room] = std::max(scratch[room], columns); };
  for_each_op(plan.ops, [&](const Op& op) {
    const auto rows = [&](WeightId by_position, int width) {
      tables_.push_back(by_position);
      embeddings_.push_back(
          {static_cast<uint32_t>(embedding_width * max_tokens_), static_cast<uint32_t>(width)});
      embedding_width += width;
    };
    if (const auto* embed = std::get_if<Embed>(&op); embed && !embed->table) {
      rows({}, embed->out.width);
      takes_chosen_tokens_ = false;
    }
    if (const auto* positions = std::get_if<AddPositionEmbedding>(&op))
      rows(positions->table, positions->x.width);
    if (const auto* products = std::get_if<Products>(&op)) {
      if (products->gate) need(0, products->linears[0].out.width);
      if (products->norm) need(2, products->in.width);
    }
    if (const auto* experts = std::get_if<Experts>(&op)) {
      need(0, experts->experts.width * plan.weight(experts->up).n_rows);
      need(1, int64_t{experts->experts.width} * experts->out.width);
      need(3, 4 * int64_t{experts->experts.width} + 1);
    }
    if (const auto* logits = std::get_if<Logits>(&op)) need(2, logits->in.width);
  });
  int64_t width = placement_.width;
  for (int i = 0; i < n_rooms; ++i) {
    scratch_at_[i] = width;
    width += scratch[i];
  }
  const auto tokens = static_cast<uint64_t>(max_tokens_);
  const uint64_t row = static_cast<uint64_t>(width) * sizeof(float),
                 most = std::min<uint64_t>(device.limits().maxStorageBufferBindingSize, uint64_t{1} << 33);
  require(tokens * row <= most, ErrorKind::limit_exceeded, "activations of ", tokens, " tokens take ",
          tokens * row, " bytes, and the GPU ", device.gpu().name, " shows a kernel ", most,
          " at most: use batches of up to ", most / row, " tokens");
  partials_at_ = width * max_tokens_;
  partial_numbers_ =
      std::min(attention_room(plan), static_cast<int64_t>((most - tokens * row) / sizeof(float)));
  activations_ = pool.acquire(tokens * row + static_cast<uint64_t>(partial_numbers_) * sizeof(float));
  angles_ = pool.acquire(std::max<uint64_t>(1, tokens * angle_values_.token_stride()) * sizeof(float));
  for (GpuBuffer* peaks : {&peaks_, &weighted_peaks_})
    *peaks = pool.acquire(static_cast<uint64_t>(n_peaks(plan)) * sizeof(uint32_t));
  embedding_rows_ =
      pool.acquire(std::max<uint64_t>(1, tokens * static_cast<uint64_t>(embedding_width)) * sizeof(float));
  batch_ = pool.acquire(4 * tokens * sizeof(uint32_t));
}

View PlanBuffers::view(const Slot& slot) const {
  const auto buffer = static_cast<size_t>(slot.buffer);
  return {static_cast<uint32_t>(placement_.offsets[buffer] * max_tokens_ + slot.offset),
          static_cast<uint32_t>(plan_->buffer_widths[buffer])};
}

View PlanBuffers::scratch(int index, int width) const {
  return {static_cast<uint32_t>(scratch_at_[index] * max_tokens_), static_cast<uint32_t>(width)};
}

View PlanBuffers::angles(int table) const {
  return {static_cast<uint32_t>(angle_values_.table_at(table)),
          static_cast<uint32_t>(angle_values_.token_stride())};
}

bool PlanBuffers::send(const Batch& batch, std::span<const uint32_t> asked) {
  const auto max = static_cast<size_t>(max_tokens_);
  std::vector<uint32_t> words(4 * max);
  std::vector<uint32_t> table_at;
  for (const std::span<const int32_t> table : batch.page_tables) {
    table_at.push_back(static_cast<uint32_t>(words.size()));
    words.insert(words.end(), table.begin(), table.end());
  }
  for (size_t t = 0; t < batch.tokens.size(); ++t) {
    words[3 * max + t] = static_cast<uint32_t>(batch.tokens[t]);
    words[t] = static_cast<uint32_t>(batch.positions[t]);
    words[max + t] = table_at[static_cast<size_t>(batch.sequences[t])];
  }
  std::copy(asked.begin(), asked.end(), words.begin() + static_cast<ptrdiff_t>(2 * max));
  const std::span<const std::byte> bytes = std::as_bytes(std::span(words));
  const bool larger = bytes.size() > batch_.bytes();
  if (larger) batch_ = pool_->acquire(2 * bytes.size());
  device_->write(batch_.get(), 0, bytes);
  send_angles(batch);
  send_embeddings(batch);
  return larger;
}

void PlanBuffers::send_angles(const Batch& batch) {
  for (size_t t = 0; t < batch.positions.size(); ++t)
    angle_values_.compute(static_cast<int64_t>(t), batch.positions[t]);
  const std::span<const float> values = angle_values_.all(batch.positions.size());
  if (!values.empty()) device_->write(angles_.get(), 0, std::as_bytes(values));
}

void PlanBuffers::send_embeddings(const Batch& batch) {
  std::vector<float> rows;
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (!tables_[i]) {
      device_->write(embedding_rows_.get(), uint64_t{embeddings_[i].at} * sizeof(float),
                     std::as_bytes(batch.rows));
      continue;
    }
    const Weight& table = plan_->weight(tables_[i]);
    const auto width = static_cast<size_t>(table.n_cols);
    rows.resize(batch.positions.size() * width);
    for (size_t t = 0; t < batch.positions.size(); ++t) {
      require(batch.positions[t] < table.n_rows, ErrorKind::invalid_argument, "position ", batch.positions[t],
              " is beyond the ", table.n_rows, " rows of '", table.name, "'");
      read_row(table, batch.positions[t], std::span(rows).subspan(t * width, width));
    }
    device_->write(embedding_rows_.get(), uint64_t{embeddings_[i].at} * sizeof(float),
                   std::as_bytes(std::span(rows)));
  }
}

uint64_t PlanBuffers::bytes() const {
  return activations_.bytes() + angles_.bytes() + embedding_rows_.bytes() + batch_.bytes() + peaks_.bytes() +
         weighted_peaks_.bytes();
}

}  // namespace realizar::gpu
