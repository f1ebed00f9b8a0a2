#include "fusion/cpu/weights.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "kernels/dequantize.hpp"
#include "kernels/formats.hpp"

namespace realizar::fusion::cpu {
namespace {

/// What a plan does with each of its weights; some embeddings serve as output matrix too.
struct Uses {
  std::vector<bool> product, table, values;
  std::vector<size_t> order;  // the weights, each once, as the ops come to them

  explicit Uses(const Plan& plan)
      : product(plan.weights.size()), table(plan.weights.size()), values(plan.weights.size()) {
    for (const Op& op : plan.ops) visit(op);
  }

 private:
  void mark(std::vector<bool>& use, WeightId id) {
    if (id) use[static_cast<size_t>(id.index)] = true;
  }
  void visit(const Op& op) {
    for_each_weight(op, [&](WeightId id) {
      const auto index = static_cast<size_t>(id.index);
      if (std::find(order.begin(), order.end(), index) == order.end()) order.push_back(index);
    });
    if (const auto* run = std::get_if<PerToken>(&op)) {
      for (const Op& inner : run->ops) visit(inner);
      return;
    }
    if (const auto* embed = std::get_if<Embed>(&op)) return mark(table, embed->table);
    if (const auto* positions = std::get_if<AddPositionEmbedding>(&op)) return mark(table, positions->table);
    for_each_weight(op, [&](WeightId id) { mark(values, id); });
    const auto is_matrix = [&](WeightId id) {
      if (!id) return;
      mark(product, id);
      values[static_cast<size_t>(id.index)] = false;
    };
    if (const auto* linear = std::get_if<Linear>(&op)) is_matrix(linear->weight);
    if (const auto* heads = std::get_if<HeadLinear>(&op)) is_matrix(heads->weight);
    if (const auto* logits = std::get_if<Logits>(&op)) is_matrix(logits->weight);
    if (const auto* products = std::get_if<Products>(&op))
      for (const Linear& linear : products->linears) is_matrix(linear.weight);
    if (const auto* experts = std::get_if<Experts>(&op)) {
      is_matrix(experts->gate);
      is_matrix(experts->up);
      is_matrix(experts->down);
    }
  }
};

}  // namespace

Weights::Weights(const Plan& plan, tensor::Arithmetic arithmetic, backend::ThreadPool& pool,
                 const std::function<void(std::span<const std::byte>)>& release,
                 const std::function<void(uint64_t, uint64_t)>& progress)
    : matrices_(plan.weights.size()), floats_(plan.weights.size()) {
  const Uses uses(plan);
  uint64_t done = 0, total = 0;
  size_t panel_bytes = 0;
  for (size_t i = 0; i < plan.weights.size(); ++i) {
    const Weight& w = plan.weights[i];
    if (uses.product[i])
      panel_bytes += tensor::Matrix::packed_bytes(w.type, w.n_rows, w.n_cols, w.n_matrices);
  }
  for (const size_t i : uses.order) total += plan.weights[i].data.size();
  panels_ = backend::AlignedBuffer(panel_bytes, backend::Fill::none);
  bytes_ = panel_bytes;
  std::span<std::byte> room(panels_.data(), panel_bytes);
  for (const size_t i : uses.order) {
    const Weight& weight = plan.weights[i];
    if (uses.product[i]) {
      const size_t size =
          tensor::Matrix::packed_bytes(weight.type, weight.n_rows, weight.n_cols, weight.n_matrices);
      matrices_[i] = tensor::Matrix(weight.type, weight.n_rows, weight.n_cols, weight.n_matrices, weight.data,
                                    arithmetic, pool, room.first(size));
      room = room.subspan(size);
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

void read_row(const Weight& table, int64_t row, std::span<float> out) {
  const kernels::TensorTypeInfo& type = kernels::info(table.type);
  const auto row_bytes = static_cast<size_t>(table.n_cols / type.block * type.bytes);
  kernels::dequantize(
      table.type, reinterpret_cast<const uint8_t*>(table.data.data()) + static_cast<size_t>(row) * row_bytes,
      out.size(), out.data());
}

}  // namespace realizar::fusion::cpu
