#include <algorithm>

#include "fusion/cpu/execution.hpp"
#include "fusion/cpu/finish.hpp"
#include "tensor/vector.hpp"

// Mixtures of experts: tokens are grouped by expert, so that an expert's weights are read once a batch.
namespace realizar::fusion::cpu {
namespace {

using kernels::panel_rows;
using tensor::Matrix;
using tensor::ProductInput;

/// One product of the experts, with what follows it.
struct ExpertProduct {
  const Weights& weights;
  WeightId weight, bias, scale;
  const Matrix* matrix;

  ExpertProduct(const Weights& all, WeightId weight_id, WeightId bias_id, WeightId scale_id)
      : weights(all),
        weight(weight_id),
        bias(bias_id),
        scale(scale_id),
        matrix(weight ? &all.matrix(weight) : nullptr) {}

  void finish(int64_t expert, int64_t row, int n_rows, int n_tokens, float* tile) const {
    Finish(weights, scale, bias, expert, matrix->n_rows())(row, n_rows, n_tokens, tile);
  }
};

/// Sorts the pairs of token and expert by expert, then token, and lists the experts that have any.
void group_by_expert(const Experts& op, Execution& e, int64_t n_experts) {
  const int n_used = op.experts.width;
  e.expert_begins.assign(static_cast<size_t>(n_experts) + 1, 0);
  const auto expert_of = [&](int64_t token, int i) {
    return static_cast<size_t>(e.row(op.experts, token)[static_cast<size_t>(i)]);
  };
  for (int64_t t = 0; t < e.n_tokens; ++t)
    for (int i = 0; i < n_used; ++i) ++e.expert_begins[expert_of(t, i) + 1];
  for (size_t x = 1; x < e.expert_begins.size(); ++x) e.expert_begins[x] += e.expert_begins[x - 1];
  e.used_experts.clear();
  for (int64_t x = 0; x < n_experts; ++x)
    if (e.expert_begins[static_cast<size_t>(x)] != e.expert_begins[static_cast<size_t>(x) + 1])
      e.used_experts.push_back(x);
  std::vector<int32_t> next(e.expert_begins.begin(), e.expert_begins.end() - 1);
  for (int64_t t = 0; t < e.n_tokens; ++t)
    for (int i = 0; i < n_used; ++i)
      e.expert_pairs[static_cast<size_t>(next[expert_of(t, i)]++)] = static_cast<int32_t>(t * n_used + i);
}

}  // namespace

void execute(const Experts& op, Execution& e, int worker) {
  const ExpertProduct gate(e.weights, op.gate, op.gate_bias, op.gate_scale);
  const ExpertProduct up(e.weights, op.up, op.up_bias, op.up_scale);
  const ExpertProduct down(e.weights, op.down, op.down_bias, op.down_scale);
  const int64_t n_experts = up.matrix->n_matrices(), ffn = up.matrix->n_rows();
  const int64_t n_used = op.experts.width, n_pairs = e.n_tokens * n_used;
  if (worker == 0) group_by_expert(op, e, n_experts);
  e.pool.barrier();
  const auto pairs_of = [&](int64_t expert) {
    const auto begin = e.expert_begins[static_cast<size_t>(expert)];
    return std::pair<int64_t, int64_t>(begin, e.expert_begins[static_cast<size_t>(expert) + 1] - begin);
  };
  const auto token_of = [&](int64_t pair) { return e.expert_pairs[static_cast<size_t>(pair)] / n_used; };
  const std::span<float> hidden = e.expert_hidden.as<float>();
  const auto hidden_row = [&](int64_t pair) {
    return hidden.subspan(static_cast<size_t>(pair * ffn), static_cast<size_t>(ffn));
  };

  // One token alone is the same input for all of its experts; else each pair has its row.
  const bool alone = e.n_tokens == 1;
  tensor::InputForms forms = up.matrix->forms();
  if (gate.matrix) forms = forms | gate.matrix->forms();
  const ProductInput& x = e.prepare(
      worker, alone ? 1 : n_pairs, op.in.width, forms,
      [&](ProductInput& input, int64_t i) { input.fill(i, e.row(op.in, alone ? 0 : token_of(i))); });
  const int64_t hidden_panels = up.matrix->panels_per_matrix();
  constexpr int at_once = kernels::max_tile_panels;
  // With few tokens the time is that of reading weights: long stretches of them, as few turns between gate
  // and up as the tiles have room for.
  const bool few = e.n_tokens <= few_tokens;
  const auto n_hidden = static_cast<int64_t>(e.used_experts.size()) * hidden_panels;
  e.pool.parallel_for(n_hidden, few ? n_hidden : at_once, [&](int64_t begin, int64_t end) {
    constexpr int room = at_once * kernels::max_tile_tokens;
    alignas(64) float gates[room * panel_rows], ups[room * panel_rows];
    for (int64_t at = begin, n_panels; at < end; at += n_panels) {
      const int64_t expert = e.used_experts[static_cast<size_t>(at / hidden_panels)];
      const int64_t first_panel = at % hidden_panels, first_row = first_panel * panel_rows;
      const int64_t panel = expert * hidden_panels + first_panel;
      const auto [first_pair, count] = pairs_of(expert);
      n_panels = std::min(
          {room / std::min<int64_t>(count, kernels::max_tile_tokens), end - at, hidden_panels - first_panel});
      const auto rows_of = [&](int64_t i) {
        return static_cast<int>(std::min<int64_t>(panel_rows, ffn - first_row - i * panel_rows));
      };
      const auto multiply = [&](const auto& weights, const tensor::ProductPart& part,
                                std::span<float> tiles) {
        weights.matrix->matmul_tiles(x, part, tiles);
        const auto n = static_cast<int>(part.n_tokens);
        for (int64_t i = 0; i < n_panels; ++i)
          weights.finish(expert, first_row + i * panel_rows, rows_of(i), n,
                         tiles.data() + i * n * panel_rows);
      };
      for (int64_t done = 0; done < count; done += kernels::max_tile_tokens) {
        const int64_t first = first_pair + done,
                      n = std::min<int64_t>(kernels::max_tile_tokens, count - done);
        const tensor::ProductPart part{panel, n_panels, alone ? 0 : first, n};
        const std::span<float> all(ups, static_cast<size_t>(n_panels * n * panel_rows));
        multiply(up, part, all);
        if (gate.matrix) {
          multiply(gate, part, {gates, all.size()});
          tensor::activate(op.activation, std::span<const float>(gates, all.size()), all, all);
        } else {
          tensor::activate(op.activation, all, all);
        }
        for (int64_t i = 0; i < n_panels; ++i)
          for (int64_t t = 0; t < n; ++t)
            std::copy_n(ups + (i * n + t) * panel_rows, rows_of(i),
                        hidden_row(first + t).data() + first_row + i * panel_rows);
      }
    }
  });

  const ProductInput& h = e.prepare(worker, n_pairs, ffn, down.matrix->forms(),
                                    [&](ProductInput& input, int64_t i) { input.fill(i, hidden_row(i)); });
  // A task has some rows of the output for all tokens and goes through the experts in order.
  const int64_t out_panels = down.matrix->panels_per_matrix();
  const int64_t out_grain = few ? out_panels : at_once;
  e.pool.parallel_for(out_panels, out_grain, [&](int64_t begin, int64_t end) {
    const auto columns = [&](int64_t token, int64_t first_row, int64_t n_rows) {
      return e.row(op.out, token).subspan(static_cast<size_t>(first_row), static_cast<size_t>(n_rows));
    };
    const int64_t first_row = begin * panel_rows;
    for (int64_t t = 0; t < e.n_tokens; ++t) {
      const std::span<float> out =
          columns(t, first_row, std::min<int64_t>(end * panel_rows, op.out.width) - first_row);
      std::fill(out.begin(), out.end(), 0.0f);
    }
    for (const int64_t expert : e.used_experts) {
      const auto [first_pair, count] = pairs_of(expert);
      down.matrix->matmul(h, {expert * out_panels + begin, end - begin, first_pair, count},
                          [&](int64_t row, int n_rows, int64_t first, int n, float* tile) {
                            down.finish(expert, row, n_rows, n, tile);
                            for (int t = 0; t < n; ++t) {
                              const auto pair = e.expert_pairs[static_cast<size_t>(first + t)];
                              const int64_t token = pair / n_used;
                              const float weight =
                                  e.row(op.weights, token)[static_cast<size_t>(pair % n_used)];
                              const std::span<float> y(tile + t * panel_rows, static_cast<size_t>(n_rows)),
                                  out = columns(token, row, n_rows);
                              tensor::add(out, y, weight, out);
                            }
                          });
    }
  });
}

}  // namespace realizar::fusion::cpu
