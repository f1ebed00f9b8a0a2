#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "fusion/cpu/execution.hpp"
#include "fusion/read_row.hpp"
#include "tensor/vector.hpp"

// The ops that treat every token by itself.
namespace realizar::fusion::cpu {
namespace {

struct ForToken {
  Execution& e;
  int64_t token;
  int worker;

  std::span<float> row(const Slot& slot) const { return e.row(slot, token); }

  void operator()(const Embed& op) const {
    const std::span<float> out = row(op.out);
    if (op.table)
      read_row(e.plan.weight(op.table), e.batch.tokens[static_cast<size_t>(token)], out);
    else
      std::copy_n(e.batch.rows.begin() + token * op.out.width, op.out.width, out.begin());
    if (op.scale != 1) tensor::scale(out, op.scale, out);
  }

  void operator()(const AddPositionEmbedding& op) const {
    const Weight& table = e.plan.weight(op.table);
    const int64_t position = e.batch.positions[static_cast<size_t>(token)];
    require(position < table.n_rows, ErrorKind::invalid_argument, "position ", position, " is beyond the ",
            table.n_rows, " positions that the model has");
    const std::span<float> embedding = e.scratch(worker).first(static_cast<size_t>(op.x.width));
    read_row(table, position, embedding);
    tensor::add(row(op.x), embedding, 1, row(op.x));
  }

  void operator()(const Norm& op) const {
    const std::span<const float> weight = e.weights.floats(op.weight), bias = e.weights.floats(op.bias);
    const auto width = static_cast<size_t>(op.width);
    for (size_t from = 0; from < row(op.in).size(); from += width) {
      // Either every run has the same weights, or each its own.
      const auto part = [&](std::span<const float> all) {
        return all.empty() ? all : all.subspan(from % all.size(), width);
      };
      const tensor::NormWeights norm{part(weight), part(bias), op.epsilon};
      const std::span<const float> in = row(op.in).subspan(from, width);
      const std::span<float> out = row(op.out).subspan(from, width);
      if (op.kind == NormKind::rms)
        tensor::rms_norm(in, norm, out);
      else
        tensor::layer_norm(in, norm, out);
    }
  }

  void operator()(const Rope& op) const {
    const auto pairs =
        op.style == RopeStyle::neox ? tensor::RopePairs::halves : tensor::RopePairs::neighbours;
    for (int h = 0; h < op.n_heads; ++h)
      tensor::rope(row(op.x.columns(h * op.head_stride + op.head_offset, op.n_rot)),
                   e.angles.cosines(op.table, token), e.angles.sines(op.table, token), pairs);
  }

  void operator()(const JoinHeads& op) const {
    float* out = row(op.out).data();
    for (int h = 0; h < op.n_heads; ++h) {
      out = std::copy_n(row(op.a).data() + h * op.a_stride, op.a_width, out);
      out = std::copy_n(row(op.b).data() + h * op.b_stride, op.b_width, out);
    }
  }

  void operator()(const StoreKv& op) const {
    const auto t = static_cast<size_t>(token);
    const int position = e.batch.positions[t];
    const std::span<const int32_t> pages = e.batch.page_tables[static_cast<size_t>(e.batch.sequences[t])];
    const std::span<const float> values = op.v ? row(op.v) : std::span<float>();
    e.kv.store(op.layer, pages[static_cast<size_t>(position / page_positions)], position % page_positions,
               row(op.k), values, op.v_stride != 0 ? op.v_stride : e.kv.shape(op.layer).value_dim);
  }

  void operator()(const Gate& op) const {
    if (op.up)
      tensor::activate(op.activation, row(op.gate), row(op.up), row(op.out));
    else
      tensor::activate(op.activation, row(op.gate), row(op.out));
  }

  void operator()(const Add& op) const { tensor::add(row(op.a), row(op.b), op.factor, row(op.out)); }

  void operator()(const Scale& op) const {
    const std::span<float> x = row(op.x);
    const std::span<const float> weight = e.weights.floats(op.weight);
    if (weight.size() > 1)
      tensor::multiply(x, weight, x);
    else
      tensor::scale(x, op.weight ? weight[0] : op.factor, x);
  }

  void operator()(const SoftCap& op) const { tensor::soft_cap(row(op.x), op.cap); }

  void operator()(const SigmoidGate& op) const {
    std::array<float, 1> gate;
    tensor::sigmoid(row(op.gate), gate);
    tensor::scale(row(op.x), gate[0], row(op.x));
  }

  void operator()(const Route& op) const;

  template <class Other>
  void operator()(const Other& op) const {
    fail(ErrorKind::internal, "op ", name(Op(op)), " does not treat tokens by themselves");
  }
};

/// The indices of the `count` best values, best first, ties to the lower index.
std::vector<size_t> best(std::span<const float> values, size_t count) {
  std::vector<size_t> order(values.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  // NaN counts as the lowest value, so that the order is one.
  const auto key = [&](size_t i) { return values[i] == values[i] ? values[i] : -INFINITY; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) > key(b); });
  order.resize(count);
  return order;
}

/// Lowers the choice of every expert outside the best groups; a group is as good as its two best experts
/// together.
void keep_best_groups(const Route& op, std::span<float> choice) {
  const size_t size = choice.size() / static_cast<size_t>(op.n_groups);
  std::vector<float> quality;
  for (size_t from = 0; from < choice.size(); from += size) {
    const std::span<const float> group = choice.subspan(from, size);
    const auto two = best(group, std::min<size_t>(2, size));
    quality.push_back(two.size() > 1 ? group[two[0]] + group[two[1]] : group[two[0]]);
  }
  const auto kept = best(quality, static_cast<size_t>(op.n_used_groups));
  for (size_t g = 0; g < quality.size(); ++g)
    if (std::find(kept.begin(), kept.end(), g) == kept.end())
      std::fill_n(choice.begin() + static_cast<int64_t>(g * size), size, -INFINITY);
}

void ForToken::operator()(const Route& op) const {
  const std::span<const float> scores = row(op.scores);
  std::vector<float> gates(scores.begin(), scores.end());
  if (op.gating == ExpertGating::softmax) tensor::softmax(gates);
  if (op.gating == ExpertGating::sigmoid) tensor::sigmoid(gates, gates);
  std::vector<float> choice = gates;
  if (op.selection_bias) tensor::add(choice, e.weights.floats(op.selection_bias), 1, choice);
  if (op.n_groups > 0) keep_best_groups(op, choice);
  auto experts = best(choice, static_cast<size_t>(op.experts.width));
  std::sort(experts.begin(), experts.end());

  const std::span<float> indices = row(op.experts), weights = row(op.weights);
  for (size_t i = 0; i < experts.size(); ++i) {
    indices[i] = static_cast<float>(experts[i]);
    weights[i] = gates[experts[i]];
  }
  if (op.gating == ExpertGating::softmax_of_chosen) tensor::softmax(weights);
  float sum = 1;
  if (op.normalise) {
    sum = 0;
    for (const float w : weights) sum += w;
  }
  for (float& w : weights) w = w / sum * op.scale;
}

}  // namespace

void execute_for_token(const Op& op, Execution& e, int64_t token, int worker) {
  if (const auto* run = std::get_if<PerToken>(&op)) {
    for (const Op& inner : run->ops) execute_for_token(inner, e, token, worker);
    return;
  }
  std::visit(ForToken{e, token, worker}, static_cast<const OpVariant&>(op));
}

}  // namespace realizar::fusion::cpu
