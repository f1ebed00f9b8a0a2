#include <algorithm>

#include "base/quotient.hpp"
#include "fusion/cpu/execution.hpp"
#include "fusion/cpu/finish.hpp"
#include "tensor/vector.hpp"

namespace realizar::fusion::cpu {
namespace {

using kernels::panel_rows;
using tensor::Matrix;
using tensor::ProductInput;
using tensor::ProductPart;

/// Tokens that a worker takes together: about two tiles, few enough that the second cache holds what the
/// products read of them while panel after panel passes, enough to pay for reading the panels again for the
/// next ones.
int64_t tokens_of_group(int64_t n_tokens) {
  constexpr int64_t tile = kernels::max_tile_tokens;
  const int64_t groups = std::max<int64_t>(1, (n_tokens + tile) / (2 * tile));
  return quotient_up(quotient_up(n_tokens, groups), tile) * tile;
}

/// Shares the product of `n_panels` panels like those of `matrix`, `n_matrices` of them together, with
/// `n_tokens` tokens among the workers: fn(part), group by group of tokens. Of many tokens a part has few
/// enough panels that they find them in the cache; few tokens read them only once.
template <class Fn>
void share_product(Execution& e, int64_t n_panels, const Matrix& matrix, int64_t n_matrices, int64_t n_tokens,
                   Fn&& fn) {
  const int64_t group_tokens = tokens_of_group(n_tokens);
  const int64_t n = n_panels * quotient_up(n_tokens, group_tokens);
  int64_t grain = n;
  if (n_tokens > few_tokens) {
    grain = std::clamp<int64_t>(n / (8 * e.pool.size()), 1, matrix.panels_in_cache() / n_matrices);
    constexpr int64_t together = kernels::max_tile_panels;  // the most that kernels take side by side
    if (grain > together) grain = grain / together * together;
  }
  e.pool.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t first_token = begin / n_panels * group_tokens, first_panel = begin % n_panels;
      const ProductPart part{first_panel, std::min(end - begin, n_panels - first_panel), first_token,
                             std::min(group_tokens, n_tokens - first_token)};
      fn(part);
      begin += part.n_panels;
    }
  });
}

/// activation(gate) * up, or activation(gate) alone, tile by tile: neither is stored.
void gated_products(const Products& op, Execution& e, const ProductInput& x) {
  const Matrix& gate = e.weights.matrix(op.linears[0].weight);
  const Finish finish_gate(e.weights, op.linears[0].scale, op.linears[0].bias);
  const auto store = [&](int64_t row, int n_rows, int64_t first, int n, float* tile) {
    tensor::store_tile(tile, e.rows(op.gate->out, first, n, row, n_rows));
  };
  const int64_t n_panels = gate.panels_per_matrix();
  if (!op.gate->up)
    return share_product(e, n_panels, gate, 1, e.n_tokens, [&](const ProductPart& part) {
      gate.matmul(x, part, [&](int64_t row, int n_rows, int64_t first, int n, float* tile) {
        finish_gate(row, n_rows, n, tile);
        const std::span<float> all(tile, static_cast<size_t>(n * panel_rows));
        tensor::activate(op.gate->activation, all, all);
        store(row, n_rows, first, n, tile);
      });
    });
  const Matrix& up = e.weights.matrix(op.linears[1].weight);
  const Finish finish_up(e.weights, op.linears[1].scale, op.linears[1].bias);
  // The tiles of as many panels as fit are activated together: with one token, a tile is only 16 numbers.
  constexpr int room = kernels::max_tile_panels * kernels::max_tile_tokens;
  share_product(e, n_panels, gate, 2, e.n_tokens, [&](const ProductPart& task) {
    alignas(64) float gates[room * panel_rows], ups[room * panel_rows];
    const auto rows_of = [&](int64_t panel) {
      return static_cast<int>(std::min<int64_t>(panel_rows, gate.n_rows() - panel * panel_rows));
    };
    const auto multiply = [&](const Matrix& matrix, const Finish& finish, const ProductPart& part,
                              float* tiles) {
      const auto n = static_cast<int>(part.n_tokens);
      matrix.matmul_tiles(x, part, {tiles, static_cast<size_t>(part.n_panels * n * panel_rows)});
      for (int64_t i = 0; i < part.n_panels; ++i)
        finish((part.first_panel + i) * panel_rows, rows_of(part.first_panel + i), n,
               tiles + i * n * panel_rows);
    };
    const int64_t end = task.first_panel + task.n_panels, end_token = task.first_token + task.n_tokens;
    for (int64_t first = task.first_token; first < end_token; first += kernels::max_tile_tokens) {
      const int64_t n = std::min<int64_t>(kernels::max_tile_tokens, end_token - first);
      const int64_t together = room / n;
      for (int64_t panel = task.first_panel; panel < end; panel += together) {
        const ProductPart part{panel, std::min(together, end - panel), first, n};
        multiply(gate, finish_gate, part, gates);
        multiply(up, finish_up, part, ups);
        const std::span<float> all(ups, static_cast<size_t>(part.n_panels * n * panel_rows));
        tensor::activate(op.gate->activation, std::span<const float>(gates, all.size()), all, all);
        for (int64_t i = 0; i < part.n_panels; ++i) {
          store((panel + i) * panel_rows, rows_of(panel + i), first, static_cast<int>(n),
                ups + i * n * panel_rows);
        }
      }
    }
  });
}

/// Products whose results are stored, or added to a slot.
void plain_products(const Products& op, Execution& e, const ProductInput& x) {
  int64_t n_panels = 0;
  for (const Linear& linear : op.linears) n_panels += e.weights.matrix(linear.weight).panels_per_matrix();
  const Matrix& first_matrix = e.weights.matrix(op.linears[0].weight);
  share_product(e, n_panels, first_matrix, 1, e.n_tokens, [&](const ProductPart& task) {
    int64_t first_panel = 0;  // of this linear, among the panels of all
    for (const Linear& linear : op.linears) {
      const Matrix& matrix = e.weights.matrix(linear.weight);
      const int64_t from = std::max(task.first_panel - first_panel, int64_t{0});
      const int64_t to = std::min(task.first_panel + task.n_panels - first_panel, matrix.panels_per_matrix());
      first_panel += matrix.panels_per_matrix();
      if (from >= to) continue;
      const Finish finish(e.weights, linear.scale, linear.bias);
      matrix.matmul(x, {from, to - from, task.first_token, task.n_tokens},
                    [&](int64_t row, int n_rows, int64_t first, int n, float* tile) {
                      finish(row, n_rows, n, tile);
                      if (op.add)
                        tensor::add_tile(e.rows(op.add->a, first, n, row, n_rows), tile, op.add->factor,
                                         e.rows(op.add->out, first, n, row, n_rows));
                      else
                        tensor::store_tile(tile, e.rows(linear.out, first, n, row, n_rows));
                    });
    }
  });
}

}  // namespace

void execute(const Products& op, Execution& e, int worker) {
  tensor::InputForms forms;
  for (const Linear& linear : op.linears) forms = forms | e.weights.matrix(linear.weight).forms();
  const ProductInput& x =
      e.prepare(worker, e.n_tokens, op.in.width, forms, [&](ProductInput& input, int64_t token) {
        if (!op.norm) return input.fill(token, e.row(op.in, token));
        const tensor::NormWeights norm{e.weights.floats(op.norm->weight), e.weights.floats(op.norm->bias),
                                       op.norm->epsilon};
        if (op.norm->kind == NormKind::rms)
          tensor::rms_norm(e.row(op.in, token), norm, input.row(token));
        else
          tensor::layer_norm(e.row(op.in, token), norm, input.row(token));
        input.quantize_row(token);
      });
  if (op.gate)
    gated_products(op, e, x);
  else
    plain_products(op, e, x);
}

void execute(const HeadLinear& op, Execution& e, int worker) {
  const Matrix& matrix = e.weights.matrix(op.weight);
  const auto n_cols = static_cast<int>(matrix.n_cols());
  const auto n_rows_of_head = static_cast<int>(matrix.n_rows());
  // Row head * n_tokens + token of the input is what a head reads of a token.
  const ProductInput& x =
      e.prepare(worker, op.n_heads * e.n_tokens, n_cols, matrix.forms(), [&](ProductInput& input, int64_t i) {
        const auto head = static_cast<int>(i / e.n_tokens);
        input.fill(i, e.row(op.in.columns(head * op.in_stride, n_cols), i % e.n_tokens));
      });
  const Finish finish(e.weights, op.scale, {});
  // The tokens of a head stand together, so the tasks of one head are those of a product.
  const int64_t per_head = matrix.panels_per_matrix(), n_panels = per_head * op.n_heads;
  share_product(e, n_panels, matrix, 1, e.n_tokens, [&](const ProductPart& task) {
    for (int64_t panel = task.first_panel; panel < task.first_panel + task.n_panels; ++panel) {
      const int64_t head = panel / per_head, first_of_head = head * e.n_tokens;
      matrix.matmul(x, {panel, 1, first_of_head + task.first_token, task.n_tokens},
                    [&](int64_t row, int n_rows, int64_t first, int n, float* tile) {
                      finish(row, n_rows, n, tile);
                      tensor::store_tile(tile, e.rows(op.out, first - first_of_head, n,
                                                      head * n_rows_of_head + row, n_rows));
                    });
    }
  });
}

void execute(const Logits& op, Execution& e, int worker) {
  if (e.asked.empty()) return;
  const auto n_asked = static_cast<int64_t>(e.asked.size());
  if (!op.weight)
    return e.pool.parallel_for(n_asked, 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        std::copy_n(e.row(op.in, e.asked[static_cast<size_t>(i)]).begin(), op.in.width,
                    e.logits.begin() + i * op.in.width);
    });
  const Matrix& matrix = e.weights.matrix(op.weight);
  const ProductInput& x = e.prepare(
      worker, n_asked, op.in.width, matrix.forms(),
      [&](ProductInput& input, int64_t i) { input.fill(i, e.row(op.in, e.asked[static_cast<size_t>(i)])); });
  const Finish finish(e.weights, op.scale, op.bias);
  share_product(e, matrix.panels_per_matrix(), matrix, 1, n_asked, [&](const ProductPart& task) {
    matrix.matmul(x, task, [&](int64_t row, int n_rows, int64_t first, int n, float* tile) {
      finish(row, n_rows, n, tile);
      for (int t = 0; t < n; ++t) {
        const std::span<float> y(tile + t * panel_rows, static_cast<size_t>(n_rows));
        if (op.factor != 1) tensor::scale(y, op.factor, y);
        if (op.soft_cap != 0) tensor::soft_cap(y, op.soft_cap);
        std::copy(y.begin(), y.end(), e.logits.begin() + (first + t) * e.plan.n_vocab + row);
      }
    });
  });
}

}  // namespace realizar::fusion::cpu
